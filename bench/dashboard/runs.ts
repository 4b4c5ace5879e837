import { link, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { JobRecords } from '../../src/jobs/record/records.js'
import { keepChart } from '../../src/jobs/telemetry/metrics-chart.js'
import { MetricsLog } from '../../src/jobs/telemetry/metrics-log.js'
import type { Store } from '../../src/store/store.js'
import { mulberry32 } from '../../testing/random.js'
import { attemptRecord } from '../../testing/running-job.js'
import { type BenchDeployment, withDeploymentIn } from '../bench-deployment.js'
import { bufferAppends } from '../metrics/buffer-appends.js'
import { createRunningJob } from '../metrics/running-job.js'
import { withMadeFolder } from './kept-folder.js'

/** Of how many runs the metrics are written one by one; more would not fit on a disk. */
export const distinctLogs = 10

/** Calls `work` with a deployment that has runs of so many points, and their ids; `keep` as of `withMadeFolder`. */
export function withRuns<T>(
  keep: string | null,
  runs: number,
  points: number,
  work: (deployment: BenchDeployment, ids: readonly string[]) => Promise<T>,
): Promise<T> {
  const [dataName, idsName] = ['data', 'runs.json']
  return withMadeFolder(
    keep,
    `trainyard-${runs}x${points}`,
    async folder => {
      console.error(`bench: recording ${runs} runs of ${points} points`)
      const ids = await withDeploymentIn(join(folder, dataName), async deployment => {
        const created = await createRuns(deployment, runs, points)
        // it indexes the runs, which takes a while
        await (await deployment.startApi()).stop()
        return created
      })
      await writeFile(join(folder, idsName), JSON.stringify(ids))
    },
    async folder => {
      const ids = JSON.parse(await readFile(join(folder, idsName), 'utf8')) as string[]
      return withDeploymentIn(join(folder, dataName), deployment => work(deployment, ids))
    },
  )
}

/**
 * Records runs that have ended. Those after the first ten have the log of one of these, as a hard link: to the
 * server it is a file of their own.
 */
async function createRuns(
  { folder, store }: { folder: string; store: Store },
  count: number,
  points: number,
): Promise<string[]> {
  const ids: string[] = []
  for (let i = 0; i < count; i++) {
    const id = await createRunningJob(store)
    const loss = i < distinctLogs ? await writeLog(store, id, points, i) : 1 / (i + 1)
    if (i >= distinctLogs) await linkLog(folder, ids[i % distinctLogs]!, id)
    await endRun(store, id, points, loss)
    ids.push(id)
    if ((i + 1) % 500 === 0) console.error(`bench: ${i + 1} runs are recorded`)
  }
  return ids
}

/** Records the end of the attempt and of the run, as a worker does. */
async function endRun(store: Store, id: string, step: number, loss: number): Promise<void> {
  const records = new JobRecords(store)
  const finishedAt = new Date().toISOString()
  const progress = { step, metrics: { loss }, best: { loss: { value: loss, step } } }
  const attempt = attemptRecord(1, {
    ...{ phase: 'saving' as const, endedAt: finishedAt, end: 'finished' as const, progress },
  })
  await records.writeAttempt(id, attempt)
  await keepChart(store, id, [attempt])
  const { allowed } = await records.finish(id, {
    status: 'succeeded',
    finishedAt,
    attempt: 1,
    failure: null,
    model: null,
    metrics: { loss },
    step,
  })
  if (!allowed) throw new Error(`run ${id} cannot end`)
}

async function linkLog(folder: string, from: string, to: string): Promise<void> {
  const source = join(folder, 'jobs', from, 'attempts', '1')
  const target = join(folder, 'jobs', to, 'attempts', '1')
  await mkdir(target, { recursive: true })
  const names = (await readdir(source)).filter(name => name.startsWith('metrics.'))
  for (const name of names) await link(join(source, name), join(target, name))
}

/** Writes a log by the writer of the workers; returns the last loss. */
async function writeLog(store: Store, id: string, rows: number, seed: number): Promise<number> {
  const { bufferedStore, flush } = bufferAppends(store)
  const log = new MetricsLog(bufferedStore)
  const uniform = mulberry32(seed + 1)
  const since = Date.now() - rows * 100
  let loss = Number.NaN
  for (let step = 1; step <= rows; step++) {
    loss = (seed + 1) * Math.exp(-step / rows) + uniform() / 10
    const time = new Date(since + step * 100).toISOString()
    await log.append(id, 1, { step, time, values: { loss } })
    if (step % 5000 === 0) await flush()
  }
  await flush()
  return loss
}
