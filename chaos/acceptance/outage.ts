// P6, the long outage; 20 s of it, where nothing may restart, are in test/e2e/outage.test.ts.
import { setTimeout as sleep } from 'node:timers/promises'
import { openFolderStore } from '../../src/store/folder-store.js'
import { withRedisDown } from '../actions.js'
import { RetryingClient } from '../api.js'
import { readAttempts } from '../attempts.js'
import { TestDeployment } from '../deployment.js'
import { uploadDatasets } from '../samples.js'
import type { AcceptanceTest } from './acceptance-test.js'
import { endlessJob } from './endless-jobs.js'
import { percentiles } from './percentile.js'

/** Longer than a lock lasts. */
const outageMs = 5 * 60_000
const maxResumeMs = 10_000
const giveUpMs = 120_000
/** Redis writes to its file once a second, at the latest after two: what is younger dies with it. */
const redisFsyncMs = 3000
/** For a restart that comes late. */
const recheckDelayMs = 20_000

export const outage: AcceptanceTest = {
  guarantee: 'P6',
  description: 'Redis is down for 5 minutes',
  rounds: 1,
  run: (rounds, log) => TestDeployment.with(deployment => runOutage(deployment, rounds, log)),
}

async function runOutage(deployment: TestDeployment, rounds: number, log: (line: string) => void) {
  const api = new RetryingClient(deployment.url, deployment.key, new AbortController().signal)
  await uploadDatasets(api.client)
  const store = await openFolderStore(deployment.folder)
  const attempts = (id: string) => readAttempts(store, deployment.folder, id)
  const violations: string[] = []
  const resumeTimes: number[] = []
  let restarts = 0
  const [worker] = await deployment.find('worker')
  for (let n = 1; n <= rounds; n++) {
    const running = await api.submit(endlessJob('network', `running-${n}`, {}))
    while ((await attempts(running.id)).length === 0) await sleep(100)
    await sleep(redisFsyncMs)
    let accepted = running
    await withRedisDown(deployment, async () => {
      accepted = await api.submit(endlessJob('boosting', `accepted-${n}`, {}))
      log('accepted a job; waiting for the end of the outage')
      await sleep(outageMs)
    })
    const restoredAt = performance.now()
    while (
      (await attempts(accepted.id)).length === 0 &&
      performance.now() - restoredAt < giveUpMs
    ) {
      await sleep(50)
    }
    const ms = Math.round(performance.now() - restoredAt)
    resumeTimes.push(ms)
    log(`a job of the outage begins ${ms} ms after the return`)
    if (ms > maxResumeMs) violations.push(`${accepted.id} began only ${ms} ms after the return`)
    await sleep(recheckDelayMs)
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
  if ((await deployment.find('worker'))[0] !== worker) violations.push('the worker was restarted')
  await deployment.stop()
  return { rounds, violations, measurements: { restarts, ...percentiles('resumeMs', resumeTimes) } }
}
