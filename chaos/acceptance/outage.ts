// P6, the long outage; 20 s of it, where nothing may restart, are in test/e2e/outage.test.ts.
import { setTimeout as sleep } from 'node:timers/promises'
import { openFolderStore } from '../../src/store/folder-store.js'
import { withRedisDown } from '../actions.js'
import { Api } from '../api.js'
import { attemptsOf } from '../attempts.js'
import { Site } from '../deployment.js'
import { uploadAll } from '../samples.js'
import type { Gate } from './acceptance-test.js'
import { endless } from './endless-jobs.js'
import { spread } from './percentile.js'

/** Longer than a lock lasts. */
const outageMs = 5 * 60_000
const movesWithinMs = 10_000
const hopelessMs = 120_000
/** Redis writes to its file once a second, at the latest after two: what is younger dies with it. */
const writtenMs = 3000
/** For a restart that comes late. */
const lookAgainMs = 20_000

export const outage: Gate = {
  promise: 'P6',
  what: 'Redis is down for 5 minutes',
  rounds: 1,
  run: (rounds, say) => Site.with(site => goWithout(site, rounds, say)),
}

async function goWithout(site: Site, rounds: number, say: (line: string) => void) {
  const api = new Api(site.url, site.key, new AbortController().signal)
  await uploadAll(api.client)
  const store = await openFolderStore(site.folder)
  const attempts = (id: string) => attemptsOf(store, site.folder, id)
  const violations: string[] = []
  const moves: number[] = []
  let restarts = 0
  const [worker] = await site.find('worker')
  for (let n = 1; n <= rounds; n++) {
    const running = await api.submit(endless('network', `running-${n}`, {}))
    while ((await attempts(running.id)).length === 0) await sleep(100)
    await sleep(writtenMs)
    let accepted = running
    await withRedisDown(site, async () => {
      accepted = await api.submit(endless('boosting', `accepted-${n}`, {}))
      say('accepted a job; waiting for the end of the outage')
      await sleep(outageMs)
    })
    const back = performance.now()
    while ((await attempts(accepted.id)).length === 0 && performance.now() - back < hopelessMs) {
      await sleep(50)
    }
    const ms = Math.round(performance.now() - back)
    moves.push(ms)
    say(`a job of the outage begins ${ms} ms after the return`)
    if (ms > movesWithinMs) violations.push(`${accepted.id} began only ${ms} ms after the return`)
    await sleep(lookAgainMs)
    for (const { id } of [running, accepted]) {
      const found = await attempts(id)
      const { status } = await api.job(id)
      restarts += found.length - 1
      if (found.length <= 2 && status === 'running') continue
      const ends = found.map(({ end }) => end)
      violations.push(`${id} is ${status}, after ${found.length} attempts: ${ends}`)
    }
    for (const { id } of [running, accepted]) await api.act(id, 'cancel')
    for (const { id } of [running, accepted]) {
      while ((await api.job(id)).finishedAt === null) await sleep(100)
    }
  }
  if ((await site.find('worker'))[0] !== worker) violations.push('the worker was restarted')
  await site.stop()
  return { rounds, violations, figures: { restarts, ...spread('movesMs', moves) } }
}
