import type { LivePublisher, LiveState } from '../../src/jobs/queue/live-state.js'
import type { Attempt, JobRecords } from '../../src/jobs/record/records.js'
import { JobLog } from '../../src/jobs/telemetry/job-log.js'
import type { FromTrainer, StopReason, TrainerTask } from '../../src/spec/ipc-messages.js'
import type { Failure, Metrics, ModelRef } from '../../src/spec/job.js'
import { loggedRow } from '../../src/spec/metrics.js'
import type { Store } from '../../src/store/store.js'
import { deathLine, isGreeting, narrator, startLine } from './attempt-log.js'
import type { Exit, TrainerListener, TrainerProcess } from './trainer-process.js'

export type Outcome =
  | { kind: 'finished'; model: ModelRef; metrics: Metrics; step: number }
  | { kind: 'failed'; failure: Failure }
  | { kind: 'stopped' }
  | { kind: 'died'; exit: Exit }

export interface AttemptParts {
  store: Store
  records: JobRecords
  live: LivePublisher
  trainer: { open(listener: TrainerListener): TrainerProcess }
}

/** One trainer process, from its start to its end; what it says goes into the record and to followers. */
export class AttemptRun {
  private readonly process: TrainerProcess
  private readonly live: LiveState
  private last: Outcome | null = null
  private written: Promise<void> = Promise.resolve()
  private logged: Promise<void> = Promise.resolve()
  private readonly narrate = narrator()

  constructor(
    private readonly parts: AttemptParts,
    private readonly task: TrainerTask,
    private readonly attempt: Attempt,
  ) {
    this.live = {
      epoch: attempt.epoch,
      phase: attempt.phase,
      step: attempt.resumedFrom,
      metrics: {},
    }
    this.process = parts.trainer.open({
      onMessage: message => this.hear(message),
      onLine: line => {
        if (!isGreeting(line)) this.log(line)
      },
    })
    this.log(startLine(attempt))
    this.process.start(task)
  }

  async outcome(): Promise<Outcome> {
    const exit = await this.process.exit
    // a late write of the last phase would take back what is recorded of the end
    await this.written
    if (!this.last) this.log(deathLine(exit))
    // a job's log is whole before the job has ended
    await this.logged
    return this.last ?? { kind: 'died', exit }
  }

  stop(reason: StopReason): void {
    this.process.stop(reason)
  }

  kill(): void {
    this.process.kill()
  }

  private hear(message: FromTrainer): void {
    const line = this.narrate(message)
    if (line !== null) this.log(line)
    switch (message.type) {
      case 'ready':
        break
      case 'phase':
        this.live.phase = message.phase
        this.live.step = message.step
        this.attempt.phase = message.phase
        this.write()
        this.tell('changed')
        break
      case 'metrics':
        this.live.step = message.row.step
        Object.assign(this.live.metrics, loggedRow(message.row).values)
        this.tell('metrics')
        break
      case 'checkpoint':
        this.tell('checkpoint')
        break
      case 'stopped':
        this.last = { kind: 'stopped' }
        break
      case 'finished':
        this.last = {
          kind: 'finished',
          model: message.model,
          metrics: message.metrics,
          step: message.step,
        }
        break
      case 'failed':
        this.last = { kind: 'failed', failure: { code: message.code, message: message.message } }
        break
      default:
        message satisfies never
    }
  }

  private log(line: string): void {
    const { id } = this.task.job
    // in order; a line that cannot be stored must not end the training
    this.logged = this.logged
      .then(() => new JobLog(this.parts.store).append(id, this.attempt.epoch, line))
      .catch(() => {})
  }

  private write(): void {
    const { records } = this.parts
    const { id } = this.task.job
    const state = { ...this.attempt }
    // a phase that cannot be recorded must not end the training
    this.written = this.written.then(() => records.writeAttempt(id, state)).catch(() => {})
  }

  private tell(event: 'changed' | 'metrics' | 'checkpoint'): void {
    // followers also look by themselves, so an outage of Redis costs them seconds, not rows
    this.parts.live.publish(this.task.job.id, this.live, event).catch(() => {})
  }
}
