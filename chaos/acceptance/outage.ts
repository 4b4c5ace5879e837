// P6, a long outage. test/e2e/redis-outage.test.ts covers 20 s, after which nothing may restart.
import { setTimeout as sleep } from 'node:timers/promises'
import { openFolderStore } from '../../src/store/folder-store.js'
import { eventually } from '../../testing/eventually.js'
import { percentiles } from '../../testing/percentile.js'
import { withRedisDown } from '../actions.js'
import { RetryingClient } from '../api.js'
import { readAttempts } from '../attempts.js'
import { ChaosDeployment } from '../deployment.js'
import { uploadDatasets } from '../samples.js'
import { type AcceptanceTest, testDeadline } from './acceptance-test.js'
import { endlessJob } from './endless-jobs.js'

/** Longer than a job's lock. */
const outageMs = 5 * 60_000
const maxResumeMs = 10_000
const giveUpMs = 120_000
/** Redis syncs its file every second, at the latest after two; younger writes are lost when it is killed. */
const redisFsyncMs = 3000
/** Long enough to see a late restart. */
const recheckDelayMs = 20_000

export const outage: AcceptanceTest = {
  guarantee: 'P6',
  description: 'Redis is down for 5 minutes',
  rounds: 1,
  run: (rounds, log) => ChaosDeployment.with(deployment => runOutage(deployment, rounds, log)),
}

async function runOutage(deployment: ChaosDeployment, rounds: number, log: (line: string) => void) {
  const api = new RetryingClient(deployment.url, deployment.key, testDeadline('P6'))
  await uploadDatasets(api.client)
  const store = await openFolderStore(deployment.folder)
  const attempts = (id: string) => readAttempts(store, id)
  const hasStarted = (id: string) => async () => (await attempts(id)).length > 0
  const violations: string[] = []
  const resumeTimes: number[] = []
  let restarts = 0
  const [worker] = await deployment.find('worker')
  for (let n = 1; n <= rounds; n++) {
    const running = await api.submit(endlessJob('network', `running-${n}`, {}))
    await eventually(`${running.id} to start`, hasStarted(running.id), { timeoutMs: giveUpMs })
    await sleep(redisFsyncMs)
    let accepted = running
    await withRedisDown(deployment, async () => {
      accepted = await api.submit(endlessJob('boosting', `accepted-${n}`, {}))
      log('accepted a job during the outage')
      await sleep(outageMs)
    })
    const restoredAt = performance.now()
    await eventually(`${accepted.id} to start`, hasStarted(accepted.id), { timeoutMs: giveUpMs })
    const ms = Math.round(performance.now() - restoredAt)
    resumeTimes.push(ms)
    log(`the job accepted during the outage starts ${ms} ms after its end`)
    if (ms > maxResumeMs)
      violations.push(
        `${accepted.id} started ${ms} ms after the outage, expected at most ${maxResumeMs} ms`,
      )
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
    for (const { id } of [running, accepted]) await api.waitForEnd(id, giveUpMs)
  }
  if ((await deployment.find('worker'))[0] !== worker) violations.push('the worker was restarted')
  await deployment.stop()
  return { rounds, violations, measurements: { restarts, ...percentiles('resumeMs', resumeTimes) } }
}
