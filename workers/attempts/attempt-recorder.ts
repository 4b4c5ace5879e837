import { hostname } from 'node:os'
import {
  encodeFileStart,
  encodeMetricRow,
  encodeSuccess,
} from '../../src/formats/tensorboard/event-file.js'
import { Checkpoints } from '../../src/jobs/record/checkpoints.js'
import { jobPaths } from '../../src/jobs/record/job-paths.js'
import { type AttemptRecord, JobRecords } from '../../src/jobs/record/records.js'
import { linkRun } from '../../src/jobs/record/run-links.js'
import { MetricsLog } from '../../src/jobs/telemetry/metrics-log.js'
import { ModelRegistry } from '../../src/models/registry.js'
import type { CheckpointFormat } from '../../src/spec/checkpoint.js'
import type { ConvKernelTable } from '../../src/spec/conv-kernels.js'
import type { Evaluation } from '../../src/spec/evaluation.js'
import { type EvaluatedRecords, evaluationRecordsFile } from '../../src/spec/evaluation-records.js'
import type { InitReport } from '../../src/spec/init-from.js'
import type { FromTrainer, StopReason, TrainerTask } from '../../src/spec/ipc-messages.js'
import { type DatasetRef, isPrediction, type JobManifest, type Phase } from '../../src/spec/job.js'
import { type MetricRow, metricsAt } from '../../src/spec/metrics.js'
import type { NewModel } from '../../src/spec/model.js'
import type { TrainingKernels } from '../../src/spec/training-kernels.js'
import type { Store } from '../../src/store/store.js'
import { writeValidationRecords } from './evaluation-records.js'
import { describeRun } from './run-description.js'

/** What every attempt is given, whatever it trains. */
export interface TrainerDeps<J extends JobManifest = JobManifest> {
  store: Store
  task: TrainerTask<J>
  send(message: FromTrainer): Promise<void>
  /** Called after each step; null if the attempt may continue. */
  stopRequested(): Promise<StopReason | null>
}

/** Writes the checkpoints of one kind of model. `content` is what its training loop hands over. */
export interface CheckpointWriter<Content> {
  format: CheckpointFormat
  write(folder: string, step: number, content: Content): Promise<void>
}

/** An evaluation with a finite loss, and what was predicted. */
export interface CheckpointEvaluation {
  evaluation: Evaluation | null
  records: EvaluatedRecords | null
}

/** A newer attempt of the job exists, so this one may not change the record any more. */
export class AttemptSuperseded extends Error {
  constructor(jobId: string, attempt: number) {
    super(`attempt ${attempt} of ${jobId} is superseded by a newer one`)
    this.name = 'AttemptSuperseded'
  }
}

/**
 * Writes one attempt's metrics, checkpoints and model to the store and reports them to the worker.
 * It has the hooks of both training loops: LoopHooks or BoostingHooks, depending on `Content`.
 */
export class AttemptRecorder<Content> {
  private readonly records: JobRecords
  private readonly checkpoints: Checkpoints
  private readonly metricsLog: MetricsLog
  private readonly models: ModelRegistry

  private constructor(
    private readonly deps: TrainerDeps,
    private readonly checkpointWriter: CheckpointWriter<Content>,
    /** Store key of the attempt's TensorBoard event file. */
    private readonly eventFile: string,
  ) {
    this.records = new JobRecords(deps.store)
    this.checkpoints = new Checkpoints(deps.store)
    const damagedLogs = new Set<string>()
    this.metricsLog = new MetricsLog(deps.store, key => {
      // the worker puts what is printed into the job's log
      if (!damagedLogs.has(key)) console.log(`${key} has damaged lines, which are left out`)
      damagedLogs.add(key)
    })
    this.models = new ModelRegistry(deps.store)
  }

  static async open<Content>(
    deps: TrainerDeps,
    checkpointWriter: CheckpointWriter<Content>,
  ): Promise<AttemptRecorder<Content>> {
    const eventFile = await startEventFile(deps.store, deps.task)
    return new AttemptRecorder(deps, checkpointWriter, eventFile)
  }

  /** A loop that prepares to resume reports step 0; the worker is told the step it resumes from. */
  phase(phase: Phase, step: number): Promise<void> {
    return this.deps.send({ type: 'phase', phase, step: Math.max(step, this.resumeStep) })
  }

  async row(row: MetricRow): Promise<void> {
    const { store, task, send } = this.deps
    // stored before it is reported: a row that a follower has seen is never lost
    await this.metricsLog.append(task.job.id, task.attempt, row)
    await store.append(this.eventFile, encodeMetricRow(row))
    void send({ type: 'metrics', row })
  }

  /** Throws AttemptSuperseded, before the commit, if a newer attempt exists. */
  async checkpoint(
    step: number,
    content: Content,
    best = false,
    result: CheckpointEvaluation | null = null,
  ): Promise<void> {
    const { store, task, send } = this.deps
    const { job, attempt } = task
    const { format } = this.checkpointWriter
    const staged = await store.stage()
    await this.checkpointWriter.write(staged, step, content)
    const evaluation = result?.evaluation
    if (result?.records) await writeValidationRecords(store, task, result.records, staged)
    // a durable checkpoint must not outlive the rows up to its step
    await store.sync(jobPaths(job.id).metrics(attempt))
    await this.throwIfSuperseded()
    const createdAt = new Date().toISOString()
    const manifest = { step, attempt, format, best, createdAt, ...(evaluation && { evaluation }) }
    await this.checkpoints.commit(job.id, staged, manifest)
    // all parts of the predictions are needed at the end
    if (!isPrediction(job)) {
      const attempts = await this.records.attempts(job.id)
      await this.checkpoints.prune(job.id, job.training.keepCheckpoints, attempts)
    }
    void send({ type: 'checkpoint', step })
  }

  async shouldContinue(): Promise<boolean> {
    return (await this.deps.stopRequested()) === null
  }

  /** All metrics rows that count for this attempt: its own and those that it resumed after. */
  async rows(): Promise<MetricRow[]> {
    return this.metricsLog.rows(this.deps.task.job.id, await this.attempts())
  }

  /** The rows up to the checkpoint that this attempt resumes from. */
  async rowsUpToResume(): Promise<MetricRow[]> {
    return (await this.rows()).filter(({ step }) => step <= this.resumeStep)
  }

  /** The best checkpoint, and whether its files are intact; null if there is none. */
  async best(): Promise<{ step: number; intact: boolean } | null> {
    return this.checkpoints.best(this.deps.task.job.id, await this.attempts())
  }

  /** The evaluation that was stored with the checkpoint of a step; null if there is none. */
  async evaluation(step: number): Promise<Evaluation | null> {
    const checkpoints = await this.checkpoints.list(this.deps.task.job.id, await this.attempts())
    return checkpoints.find(checkpoint => checkpoint.step === step)?.evaluation ?? null
  }

  /** Puts what was predicted at the evaluation of a step, if its checkpoint has it, into a staged model. */
  async shareEvaluationRecords(step: number, staged: string): Promise<void> {
    const { store, task } = this.deps
    const key = jobPaths(task.job.id).checkpoint(step)
    const stored = await store.readManifest(key)
    if (!stored?.files.some(({ name }) => name === evaluationRecordsFile)) return
    if (await store.verify(key))
      return store.shareFile(key, evaluationRecordsFile, staged, evaluationRecordsFile)
    console.log(
      `the checkpoint of step ${step} is damaged, so the model has no predictions of the validation records`,
    )
  }

  writeInitialized(report: InitReport): Promise<void> {
    return this.records.writeInitialized(this.deps.task.job.id, report)
  }

  /** The job's thread count: `proposed` for the first attempt, the same for all later ones. */
  agreeOnThreads(proposed: number): Promise<number> {
    return this.records.agreeOnThreads(this.deps.task.job.id, proposed)
  }

  /** Whose kernels the job's attempts run: `proposed` for the first attempt, the same for all later ones. */
  agreeOnKernels(proposed: TrainingKernels): Promise<TrainingKernels> {
    return this.records.agreeOnKernels(this.deps.task.job.id, proposed)
  }

  /** The kernels of convolutions that an earlier attempt of the job proposed; null if there is none. */
  convKernels(): Promise<ConvKernelTable | null> {
    return this.records.convKernels(this.deps.task.job.id)
  }

  /** The job's kernels: `proposed` for the first attempt, the same for all later ones. */
  agreeOnConvKernels(proposed: ConvKernelTable): Promise<ConvKernelTable> {
    return this.records.agreeOnConvKernels(this.deps.task.job.id, proposed)
  }

  stopped(): Promise<void> {
    return this.deps.send({ type: 'stopped' })
  }

  /**
   * Publishes the model that `write` puts into a folder and describes, under the name that the job has now: it may have been renamed
   * since the attempt began. `lastStep`: the last step trained.
   */
  async publish(lastStep: number, write: (folder: string) => Promise<NewModel>): Promise<void> {
    const { store, task, send } = this.deps
    const staged = await store.stage()
    const model = await write(staged)
    const { name: jobName } = await this.records.manifest(task.job.id)
    const modelName = await this.records.agreeOnModelName(task.job.id, jobName)
    const { name, version, metrics } = await this.models.publish(staged, {
      ...model,
      name: modelName,
    })
    await store.append(this.eventFile, encodeSuccess(lastStep, Date.now() / 1000))
    await send({ type: 'finished', model: { id: name, version }, metrics, step: lastStep })
  }

  /**
   * Stores a data set of predictions by `commit`, unless a newer attempt exists, and reports that the job has finished.
   * Attempts of a job make the same one.
   */
  async publishDataset(
    dataset: DatasetRef,
    records: number,
    values: Record<string, number>,
    commit: () => Promise<void>,
  ): Promise<void> {
    const { store, task, send } = this.deps
    const { job, attempt } = task
    if (!isPrediction(job)) throw new Error(`job ${job.id} trains a model`)
    await this.throwIfSuperseded()
    const at = new Date().toISOString()
    const metrics = metricsAt([{ step: records, time: at, values }], records)
    await this.records.announcePredictions(job.id, attempt, { dataset, metrics, at })
    await commit()
    await store.append(this.eventFile, encodeSuccess(records, Date.now() / 1000))
    const { model: id, version } = job.predict
    await send({ type: 'finished', model: { id, version }, dataset, metrics, step: records })
  }

  private async throwIfSuperseded(): Promise<void> {
    const { job, attempt } = this.deps.task
    if (!(await this.records.isCurrent(job.id, attempt))) {
      throw new AttemptSuperseded(job.id, attempt)
    }
  }

  private get resumeStep(): number {
    return this.deps.task.resumeFrom ?? 0
  }

  /**
   * This attempt and the earlier ones. A superseded attempt does not learn of the newer one at once; if it
   * counted the newer one's rows, it would take the other's last step for its own.
   */
  private async attempts(): Promise<AttemptRecord[]> {
    const { job, attempt } = this.deps.task
    const attempts = await this.records.attempts(job.id)
    return attempts.filter(record => record.attempt <= attempt)
  }
}

/** Each attempt has its own event file in the job's folder, so TensorBoard shows all attempts as one run. */
async function startEventFile(
  store: Store,
  { job, attempt, resumeFrom }: TrainerTask,
): Promise<string> {
  const seconds = Math.floor(Date.parse(job.createdAt) / 1000)
  const key = jobPaths(job.id).events(seconds, attempt, hostname().replace(/[^A-Za-z0-9.-]/g, '-'))
  const run = resumeFrom === null ? describeRun(job) : null
  const firstStep = resumeFrom === null ? 0 : resumeFrom + 1
  await store.append(key, encodeFileStart(firstStep, Date.now() / 1000, run))
  await linkRun(store, job).catch(({ message }: Error) => {
    console.log(`TensorBoard shows this job by its id, since no link could be made: ${message}`)
  })
  return key
}
