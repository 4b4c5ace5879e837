import { isTraceLine } from '../../src/errors.js'
import type { LiveState, LiveStatePublisher } from '../../src/jobs/queue/live-state.js'
import type { AttemptProgress, AttemptRecord, JobRecords } from '../../src/jobs/record/records.js'
import type { JobLog } from '../../src/jobs/telemetry/job-log.js'
import type { ResourceLog } from '../../src/jobs/telemetry/resource-log.js'
import type { Logger } from '../../src/log.js'
import { updateBest } from '../../src/spec/best-metrics.js'
import type { FromTrainer, StopReason, TrainerTask } from '../../src/spec/ipc-messages.js'
import {
  type DatasetRef,
  type Failure,
  isBoosting,
  type Metrics,
  type ModelRef,
  type Phase,
  stepsOf,
} from '../../src/spec/job.js'
import type { MemoryEstimate } from '../../src/spec/memory-estimate.js'
import { toLoggedRow } from '../../src/spec/metrics.js'
import { workersOf } from '../../src/spec/resources.js'
import type { Gpu } from '../../src/spec/worker.js'
import { recordDiskFailure } from '../../src/store/storage-errors.js'
import type { Gang } from '../executors/executor.js'
import { unavailableExitCode } from '../failure.js'
import { type AttemptDeath, explainDeath } from './attempt-death.js'
import { attemptLineFormatter, deathLine, isStartupBanner, startLine } from './attempt-log.js'
import { EtaEstimator, etaPlan } from './eta-estimator.js'
import type { MemoryShortage } from './memory-budget.js'
import { ResourceSampler } from './resource-sampler.js'
import type { Trainer } from './trainer-gang.js'
import type { TrainerExit, TrainerListener } from './trainer-process.js'

export type Outcome =
  | { kind: 'finished'; model: ModelRef; dataset?: DatasetRef; metrics: Metrics; step: number }
  | { kind: 'failed'; failure: Failure }
  | { kind: 'stopped' }
  /** The job cannot have its memory now, so it was not trained. */
  | { kind: 'held' }
  | { kind: 'died'; death: AttemptDeath }

export interface AttemptRunnerDeps {
  records: JobRecords
  jobLog: JobLog
  resourceLog: Pick<ResourceLog, 'append' | 'close'>
  statePublisher: LiveStatePublisher
  slot: { open(gang: Gang, listener: TrainerListener): Trainer }
  /** What the GPU of the slot did when it was asked last; null without one. */
  readGpu(): Gpu | null
  /** Why the disk takes no writes; null if it does. */
  diskProblem(): Promise<string | null>
  countOomKills(): number | null
  /** Removes the server's paths from a text that clients may read. */
  hidePaths(text: string): string
  /** Returns null if the job may take the memory, or why it may not. */
  reserveMemory(memory: MemoryEstimate): MemoryShortage | null
  log: Pick<Logger, 'warn'>
}

/** Runs one attempt in a trainer process; passes its messages on to the record, the log and followers. */
export class AttemptRunner {
  private readonly process: Trainer
  /** Part of `attemptRecord`. */
  private readonly progress: AttemptProgress
  private readonly eta: EtaEstimator
  private readonly sampler: ResourceSampler
  /** As the trainer measured it last. */
  private examplesPerSecond: number | null = null
  private isRecordStale = false
  private reportedOutcome: Outcome | null = null
  private pendingWrite: Promise<void> = Promise.resolve()
  private pendingLog: Promise<void> = Promise.resolve()
  private readonly formatLine = attemptLineFormatter()
  private readonly oomKillsBefore: number | null

  constructor(
    private readonly deps: AttemptRunnerDeps,
    private readonly task: TrainerTask,
    private readonly attemptRecord: AttemptRecord,
  ) {
    this.progress = attemptRecord.progress ?? { step: attemptRecord.resumedFrom, metrics: {} }
    this.attemptRecord.progress = this.progress
    this.eta = new EtaEstimator(etaPlan(task))
    this.oomKillsBefore = deps.countOomKills()
    this.process = deps.slot.open(gangOf(task), {
      onMessage: message => this.onMessage(message),
      onLine: line => {
        if (!isStartupBanner(line) && !isTraceLine(line)) this.log(line)
      },
    })
    this.log(startLine(attemptRecord))
    this.process.start(task)
    this.sampler = new ResourceSampler({
      readUsage: () => this.process.usage(),
      readGpu: () => deps.readGpu(),
      readProgress: () => ({
        step: this.progress.step,
        examplesPerSecond: isWorking(attemptRecord.phase) ? this.examplesPerSecond : null,
      }),
      append: sample => deps.resourceLog.append(task.job.id, attemptRecord.attempt, sample),
    })
  }

  async outcome(): Promise<Outcome> {
    const exit = await this.process.exit
    await this.sampler.close()
    this.deps.resourceLog.close(this.task.job.id, this.attemptRecord.attempt)
    // a write of the last phase must not arrive after the caller's record of the end
    await this.pendingWrite
    const outcome = this.reportedOutcome ?? { kind: 'died', death: await this.explain(exit) }
    if (outcome.kind === 'died') this.log(deathLine(outcome.death))
    // the log must be complete when the job ends
    await this.pendingLog
    return outcome
  }

  stop(reason: StopReason): void {
    this.process.stop(reason)
  }

  kill(): void {
    this.process.kill()
  }

  private async explain(exit: TrainerExit): Promise<AttemptDeath> {
    if (exit.code === unavailableExitCode) recordDiskFailure()
    const before = this.oomKillsBefore
    const now = this.deps.countOomKills()
    const oomKilled = before !== null && now !== null && now > before
    const diskProblem = await this.deps.diskProblem()
    const death = explainDeath(exit, { oomKilled, diskProblem })
    const { attempt } = this.attemptRecord
    const details = { job: this.task.job.id, attempt, output: exit.outputTail.join('\n') }
    this.deps.log.warn(details, deathLine(death))
    return { ...death, text: this.deps.hidePaths(death.text) }
  }

  private onMessage(message: FromTrainer): void {
    const line = this.formatLine(message)
    if (line !== null) this.log(line)
    switch (message.type) {
      case 'ready':
      case 'leader':
      case 'gather':
      case 'serving':
      case 'left':
        break
      case 'phase':
        this.progress.step = message.step
        this.attemptRecord.phase = message.phase
        if (message.phase === 'saving') this.startSaving()
        else if (message.phase !== 'preparing') this.observeStep()
        this.writeRecord()
        this.publish('changed')
        break
      case 'memory':
        this.attemptRecord.memory = message.memory
        this.writeRecord()
        this.reserveMemory(message.memory)
        break
      case 'metrics':
        this.progress.step = message.row.step
        Object.assign(this.progress.metrics, toLoggedRow(message.row).values)
        if (this.progress.best) updateBest(this.progress.best, message.row.step, message.row.values)
        this.examplesPerSecond = message.row.values.examplesPerSecond ?? this.examplesPerSecond
        this.observeStep()
        this.publish('metrics')
        break
      case 'checkpoint':
        this.progress.step = message.step
        this.eta.observeCheckpoint(message.step, now())
        this.writeRecord()
        this.publish('checkpoint')
        break
      case 'stopped':
        this.reportedOutcome = { kind: 'stopped' }
        break
      case 'finished':
        this.progress.step = message.step
        this.reportedOutcome = {
          kind: 'finished',
          model: message.model,
          ...(message.dataset && { dataset: message.dataset }),
          metrics: message.metrics,
          step: message.step,
        }
        break
      case 'failed':
        this.reportedOutcome = {
          kind: 'failed',
          failure: { code: message.code, message: this.deps.hidePaths(message.message) },
        }
        break
      case 'error':
        break // the exit has it
      default:
        message satisfies never
    }
  }

  private reserveMemory(memory: MemoryEstimate): void {
    const shortage = this.deps.reserveMemory(memory)
    if (shortage === null) {
      this.process.grantMemory()
      return
    }
    this.reportedOutcome = { kind: 'held' }
    this.log(`not started: ${shortage.reason}`)
    this.deps.log.warn({ job: this.task.job.id }, `the job is not started: ${shortage.reason}`)
    this.process.kill(shortage.reason)
  }

  private log(line: string): void {
    const { id } = this.task.job
    const { attempt } = this.attemptRecord
    // one after another; a line that cannot be stored must not end the training
    this.pendingLog = this.pendingLog
      .then(() => this.deps.jobLog.append(id, attempt, this.deps.hidePaths(line)))
      .catch(() => {})
  }

  private observeStep(): void {
    this.eta.observe(this.progress.step, now())
  }

  /** Boosting is in this phase for every checkpoint, a network only at its end. */
  private startSaving(): void {
    if (isBoosting(this.task.job)) this.observeStep()
    else this.eta.startSaving(now())
  }

  private writeRecord(): void {
    // a write that waits for another one will store the newest state
    if (this.isRecordStale) return
    this.isRecordStale = true
    const write = () => {
      this.isRecordStale = false
      return this.deps.records.writeAttempt(this.task.job.id, this.attemptRecord)
    }
    // progress that cannot be recorded must not end the training
    this.pendingWrite = this.pendingWrite.then(write).catch(() => {})
  }

  private publish(event: 'changed' | 'metrics' | 'checkpoint'): void {
    // followers also poll the store, so during a Redis outage they are late but lose no rows
    this.deps.statePublisher.publish(this.task.job.id, this.liveState(), event).catch(() => {})
  }

  private liveState(): LiveState {
    const { attempt, phase, resumedFrom } = this.attemptRecord
    const secondsLeft = this.eta.secondsLeft(now())
    const endsAt = secondsLeft === null ? null : Date.now() + Math.round(secondsLeft * 1000)
    const { step, metrics, best } = this.progress
    const steps = stepsOf(this.task.job)
    const details = { steps, resumedFrom, metrics, ...(best && { best }) }
    return { attempt, phase, step, endsAt, secondsLeft, details }
  }
}

const gangOf = ({ job, attempt, threads }: TrainerTask): Gang => ({
  job: job.id,
  attempt,
  world: workersOf(job),
  devices: 1,
  gpus: job.resources?.gpus ?? 0,
  threads,
})

const isWorking = (phase: Phase) => phase === 'training' || phase === 'predicting'

/** A clock in seconds that is never set back. */
const now = () => performance.now() / 1000
