import { hostname } from 'node:os'
import { encodeFileStart, encodeMetricRow } from '../../src/formats/tensorboard/event-file.js'
import { Checkpoints } from '../../src/jobs/record/checkpoints.js'
import { jobPaths } from '../../src/jobs/record/job-paths.js'
import { type AttemptRecord, JobRecords } from '../../src/jobs/record/records.js'
import { MetricsLog } from '../../src/jobs/telemetry/metrics-log.js'
import type { CheckpointFormat } from '../../src/spec/checkpoint.js'
import type { FromTrainer, StopReason, TrainerTask } from '../../src/spec/ipc-messages.js'
import type { JobManifest, Metrics, Phase } from '../../src/spec/job.js'
import { type MetricRow, toLoggedRow } from '../../src/spec/metrics.js'
import type { Store } from '../../src/store/store.js'

/** What an attempt has around it, whatever it trains. */
export interface TrainerDeps<J extends JobManifest = JobManifest> {
  store: Store
  task: TrainerTask<J>
  send(message: FromTrainer): Promise<void>
  /** Asked after each step. */
  stopRequested(): Promise<StopReason | null>
}

/** How a training loop reaches the record and the worker. */
export async function openAttemptRecorder({ store, task, send, stopRequested }: TrainerDeps) {
  const { job, attempt } = task
  const events = await startEventFile(store, task)
  const log = new MetricsLog(store)
  const checkpoints = new Checkpoints(store)
  const records = new JobRecords(store)
  return {
    phase: (phase: Phase, step: number) => void send({ type: 'phase', phase, step }),
    async row(row: MetricRow) {
      // first into the log, then to whoever listens: what was heard is never missing later
      await log.append(job.id, attempt, row)
      await store.append(events, encodeMetricRow(row))
      void send({ type: 'metrics', row })
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
      await store.sync(jobPaths(job.id).metrics(attempt))
      if (!(await records.isCurrent(job.id, attempt))) process.exit(1)
      await checkpoints.commit(job.id, staged, {
        step,
        attempt,
        format,
        best,
        createdAt: new Date().toISOString(),
      })
      const attempts = await records.attempts(job.id)
      await checkpoints.prune(job.id, job.training.keepCheckpoints, attempts)
      void send({ type: 'checkpoint', step })
    },
    shouldContinue: async () => (await stopRequested()) === null,
  }
}

/** An event file of the attempt's own, in the job's folder: to TensorBoard all attempts are one run. */
async function startEventFile(
  store: Store,
  { job, attempt, resumeFrom }: TrainerTask,
): Promise<string> {
  const seconds = Math.floor(Date.parse(job.createdAt) / 1000)
  const key = jobPaths(job.id).events(seconds, attempt, hostname().replace(/[^A-Za-z0-9.-]/g, '-'))
  const description = resumeFrom === null ? describeJob(job) : null
  const firstStep = resumeFrom === null ? 0 : resumeFrom + 1
  await store.append(key, encodeFileStart(firstStep, Date.now() / 1000, description))
  return key
}

const describeJob = (job: JobManifest) => `\`\`\`json\n${JSON.stringify(job, null, 2)}\n\`\`\``

/** What it takes to know an attempt. */
type AttemptRef = Pick<TrainerTask, 'attempt'> & { job: Pick<JobManifest, 'id'> }

/**
 * An attempt and those before it. One that a newer attempt has overtaken is not told so at once: were it
 * to count that one's rows too, it would take the other's last step for its own.
 */
export async function attemptsUpTo(
  store: Store,
  { job, attempt }: AttemptRef,
): Promise<AttemptRecord[]> {
  const attempts = await new JobRecords(store).attempts(job.id)
  return attempts.filter(record => record.attempt <= attempt)
}

/** All rows that count for an attempt, its own or of one before it. */
export async function effectiveRows(store: Store, attemptRef: AttemptRef): Promise<MetricRow[]> {
  return new MetricsLog(store).rows(attemptRef.job.id, await attemptsUpTo(store, attemptRef))
}

/** The rows that an attempt goes on behind. */
export async function rowsUpToResume({ store, task }: TrainerDeps): Promise<MetricRow[]> {
  return (await effectiveRows(store, task)).filter(({ step }) => step <= (task.resumeFrom ?? 0))
}

/** What was measured last, up to a step. */
export function metricsAt(rows: readonly MetricRow[], step: number): Metrics {
  const metrics: Metrics = {}
  for (const row of rows) if (row.step <= step) Object.assign(metrics, toLoggedRow(row).values)
  return metrics
}

/** What a model's manifest says of where it comes from. */
export const modelProvenance = <J extends JobManifest>({ name, id, model, dataset }: J) => ({
  name,
  jobId: id,
  createdAt: new Date().toISOString(),
  model: model as J['model'],
  dataset,
})
