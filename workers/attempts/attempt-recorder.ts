import { hostname } from 'node:os'
import { fileStart, rowEvent } from '../../src/formats/tensorboard/event-file.js'
import { Checkpoints } from '../../src/jobs/record/checkpoints.js'
import { jobKeys } from '../../src/jobs/record/job-paths.js'
import { type Attempt, JobRecords } from '../../src/jobs/record/records.js'
import { MetricsLog } from '../../src/jobs/telemetry/metrics-log.js'
import type { CheckpointFormat } from '../../src/spec/checkpoint.js'
import type { FromTrainer, StopReason, TrainerTask } from '../../src/spec/ipc-messages.js'
import type { JobManifest, Metrics, Phase } from '../../src/spec/job.js'
import { loggedRow, type MetricRow } from '../../src/spec/metrics.js'
import type { Store } from '../../src/store/store.js'

/** What an attempt has around it, whatever it trains. */
export interface TrainerParts<J extends JobManifest = JobManifest> {
  store: Store
  task: TrainerTask<J>
  tell(message: FromTrainer): Promise<void>
  /** Asked after each step. */
  stopAsked(): Promise<StopReason | null>
}

/** How a training loop reaches the record and the worker. */
export async function surroundings({ store, task, tell, stopAsked }: TrainerParts) {
  const { job, epoch } = task
  const events = await startEvents(store, task)
  const log = new MetricsLog(store)
  const checkpoints = new Checkpoints(store)
  const records = new JobRecords(store)
  return {
    phase: (phase: Phase, step: number) => void tell({ type: 'phase', phase, step }),
    async row(row: MetricRow) {
      // first into the log, then to whoever listens: what was heard is never missing later
      await log.append(job.id, epoch, row)
      await store.append(events, rowEvent(row))
      void tell({ type: 'metrics', row })
    },
    /** `write` fills a fresh folder. */
    async checkpoint(
      step: number,
      format: CheckpointFormat,
      best: boolean,
      write: (folder: string) => Promise<void>,
    ) {
      const staged = await store.stage()
      await write(staged)
      // a checkpoint that lasts must not stand behind rows that do not
      await store.sync(jobKeys(job.id).metrics(epoch))
      if (!(await records.isCurrent(job.id, epoch))) process.exit(1)
      await checkpoints.commit(job.id, staged, {
        ...{ step, epoch, format, best },
        createdAt: new Date().toISOString(),
      })
      const attempts = await records.attempts(job.id)
      await checkpoints.prune(job.id, job.training.keepCheckpoints, attempts)
      void tell({ type: 'checkpoint', step })
    },
    goOn: async () => (await stopAsked()) === null,
  }
}

/** An event file of the attempt's own, in the job's folder: to TensorBoard all attempts are one run. */
async function startEvents(store: Store, { job, epoch, resumeFrom }: TrainerTask): Promise<string> {
  const seconds = Math.floor(Date.parse(job.createdAt) / 1000)
  const key = jobKeys(job.id).events(seconds, epoch, hostname().replace(/[^A-Za-z0-9.-]/g, '-'))
  const description = resumeFrom === null ? describe(job) : null
  const from = resumeFrom === null ? 0 : resumeFrom + 1
  await store.append(key, fileStart(from, Date.now() / 1000, description))
  return key
}

const describe = (job: JobManifest) => `\`\`\`json\n${JSON.stringify(job, null, 2)}\n\`\`\``

/** What it takes to know an attempt. */
type Mine = Pick<TrainerTask, 'epoch'> & { job: Pick<JobManifest, 'id'> }

/**
 * An attempt and those before it. One that a newer attempt has overtaken is not told so at once: were it
 * to count that one's rows too, it would take the other's last step for its own.
 */
export async function attemptsUpTo(store: Store, { job, epoch }: Mine): Promise<Attempt[]> {
  const attempts = await new JobRecords(store).attempts(job.id)
  return attempts.filter(one => one.epoch <= epoch)
}

/** All rows that count for an attempt, its own or of one before it. */
export async function rowsOf(store: Store, mine: Mine): Promise<MetricRow[]> {
  return new MetricsLog(store).rows(mine.job.id, await attemptsUpTo(store, mine))
}

/** The rows that an attempt goes on behind. */
export async function historyOf({ store, task }: TrainerParts): Promise<MetricRow[]> {
  return (await rowsOf(store, task)).filter(({ step }) => step <= (task.resumeFrom ?? 0))
}

/** What was measured last, up to a step. */
export function metricsAt(rows: readonly MetricRow[], step: number): Metrics {
  const metrics: Metrics = {}
  for (const row of rows) if (row.step <= step) Object.assign(metrics, loggedRow(row).values)
  return metrics
}

/** What a model's manifest says of where it comes from. */
export const originOf = <J extends JobManifest>({ name, id, model, dataset }: J) => ({
  name,
  jobId: id,
  createdAt: new Date().toISOString(),
  model: model as J['model'],
  dataset,
})
