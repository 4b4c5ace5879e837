import type { LiveState, LiveStatePublisher } from '../../src/jobs/queue/live-state.js'
import type { AttemptRecord, JobRecords } from '../../src/jobs/record/records.js'
import type { JobLog } from '../../src/jobs/telemetry/job-log.js'
import type { FromTrainer, StopReason, TrainerTask } from '../../src/spec/ipc-messages.js'
import type { Failure, Metrics, ModelRef } from '../../src/spec/job.js'
import { toLoggedRow } from '../../src/spec/metrics.js'
import { attemptLineFormatter, exitLine, isStartupBanner, startLine } from './attempt-log.js'
import type { TrainerExit, TrainerListener, TrainerProcess } from './trainer-process.js'

export type Outcome =
  | { kind: 'finished'; model: ModelRef; metrics: Metrics; step: number }
  | { kind: 'failed'; failure: Failure }
  | { kind: 'stopped' }
  | { kind: 'died'; exit: TrainerExit }

export interface AttemptRunnerDeps {
  records: JobRecords
  jobLog: JobLog
  statePublisher: LiveStatePublisher
  slot: { open(listener: TrainerListener): TrainerProcess }
}

/** Runs one attempt in a trainer process; passes its messages on to the record, the log and followers. */
export class AttemptRunner {
  private readonly process: TrainerProcess
  private readonly liveState: LiveState
  private reportedOutcome: Outcome | null = null
  private pendingWrite: Promise<void> = Promise.resolve()
  private pendingLog: Promise<void> = Promise.resolve()
  private readonly formatLine = attemptLineFormatter()

  constructor(
    private readonly deps: AttemptRunnerDeps,
    private readonly task: TrainerTask,
    private readonly attemptRecord: AttemptRecord,
  ) {
    this.liveState = {
      attempt: attemptRecord.attempt,
      phase: attemptRecord.phase,
      step: attemptRecord.resumedFrom,
      metrics: {},
    }
    this.process = deps.slot.open({
      onMessage: message => this.onMessage(message),
      onLine: line => {
        if (!isStartupBanner(line)) this.log(line)
      },
    })
    this.log(startLine(attemptRecord))
    this.process.start(task)
  }

  async outcome(): Promise<Outcome> {
    const exit = await this.process.exit
    // a write of the last phase must not arrive after the caller's record of the end
    await this.pendingWrite
    if (!this.reportedOutcome) this.log(exitLine(exit))
    // the log must be complete when the job ends
    await this.pendingLog
    return this.reportedOutcome ?? { kind: 'died', exit }
  }

  stop(reason: StopReason): void {
    this.process.stop(reason)
  }

  kill(): void {
    this.process.kill()
  }

  private onMessage(message: FromTrainer): void {
    const line = this.formatLine(message)
    if (line !== null) this.log(line)
    switch (message.type) {
      case 'ready':
        break
      case 'phase':
        this.liveState.phase = message.phase
        this.liveState.step = message.step
        this.attemptRecord.phase = message.phase
        this.writeRecord()
        this.publish('changed')
        break
      case 'metrics':
        this.liveState.step = message.row.step
        Object.assign(this.liveState.metrics, toLoggedRow(message.row).values)
        this.publish('metrics')
        break
      case 'checkpoint':
        this.publish('checkpoint')
        break
      case 'stopped':
        this.reportedOutcome = { kind: 'stopped' }
        break
      case 'finished':
        this.reportedOutcome = {
          kind: 'finished',
          model: message.model,
          metrics: message.metrics,
          step: message.step,
        }
        break
      case 'failed':
        this.reportedOutcome = {
          kind: 'failed',
          failure: { code: message.code, message: message.message },
        }
        break
      default:
        message satisfies never
    }
  }

  private log(line: string): void {
    const { id } = this.task.job
    // one after another; a line that cannot be stored must not end the training
    this.pendingLog = this.pendingLog
      .then(() => this.deps.jobLog.append(id, this.attemptRecord.attempt, line))
      .catch(() => {})
  }

  private writeRecord(): void {
    const { records } = this.deps
    const { id } = this.task.job
    const state = { ...this.attemptRecord }
    // a phase that cannot be recorded must not end the training
    this.pendingWrite = this.pendingWrite
      .then(() => records.writeAttempt(id, state))
      .catch(() => {})
  }

  private publish(event: 'changed' | 'metrics' | 'checkpoint'): void {
    // followers also poll the store, so during a Redis outage they are late but lose no rows
    this.deps.statePublisher.publish(this.task.job.id, this.liveState, event).catch(() => {})
  }
}
