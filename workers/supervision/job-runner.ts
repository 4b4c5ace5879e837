import { setTimeout as sleep } from 'node:timers/promises'
import { isMissing } from '../../src/errors.js'
import type { JobIndex } from '../../src/jobs/queue/job-index.js'
import type { Checkpoints } from '../../src/jobs/record/checkpoints.js'
import type { JobResult, Lifecycle } from '../../src/jobs/record/lifecycle.js'
import type { AttemptEnd, AttemptRecord, JobRecord } from '../../src/jobs/record/records.js'
import { isWaitingOrRunning, requestedAction } from '../../src/jobs/record/states.js'
import { JobLog } from '../../src/jobs/telemetry/job-log.js'
import type { DatasetManifest } from '../../src/spec/dataset.js'
import type { TrainerTask } from '../../src/spec/ipc-messages.js'
import type { Failure, JobManifest } from '../../src/spec/job.js'
import { unavailableExitCode } from '../failure.js'
import { AttemptRunner, type AttemptRunnerDeps, type Outcome } from './attempt.js'
import { failureLine } from './attempt-log.js'
import type { TrainerExit } from './trainer-process.js'

const requestPollIntervalMs = 2000

/** Tries in a row without a new checkpoint: a job that crashes by itself is given up sooner than one that others kill. */
const retryLimits = { crashed: 3, killed: 20 } as const

/** Before the next try, after so many in vain: the first follows at once, and cannot hurt a busy machine. */
const retryDelaysMs = [0, 0, 1000, 5000]

export interface JobRunnerDeps extends AttemptRunnerDeps {
  checkpoints: Checkpoints
  index: JobIndex
  findDataset(id: string): Promise<DatasetManifest>
  /** Removes what processes that ended have left half written. */
  sweep(): Promise<void>
}

/** One job in a worker's hands: attempts, one after another, until it has a result or must be given back. */
export class JobRunner {
  private attemptRunner: AttemptRunner | null = null
  private stopReason: 'drain' | 'superseded' | null = null
  /** Of the attempt that was claimed last; 0 before the first. */
  private attempt = 0
  /** What clients ask of the attempt, as far as it was told. */
  private requestedStop: 'pause' | 'cancel' | null = null
  private readonly interruptController = new AbortController()
  /** A client's request ends a pause between two attempts. */
  private wakeController = new AbortController()
  /** Resolves when `run` has ended. */
  readonly done: Promise<void>
  private resolveDone!: () => void

  constructor(
    private readonly deps: JobRunnerDeps,
    readonly id: string,
  ) {
    this.done = new Promise(resolve => {
      this.resolveDone = resolve
    })
  }

  /**
   * `done`: it has a result, or is paused. `requeue`: it is to go back to the queue. `superseded`: it is
   * somebody else's.
   */
  async run(): Promise<'done' | 'requeue' | 'superseded'> {
    const pollTimer = setInterval(() => void this.pollRequests(), requestPollIntervalMs)
    try {
      for (;;) {
        const record = await this.deps.records.read(this.id)
        if (!isWaitingOrRunning(record.lifecycle.state))
          return await this.publishDone(record.lifecycle)
        await this.checkSuperseded()
        if (this.stopReason) return this.stopReason === 'superseded' ? 'superseded' : 'requeue'
        // asked of an attempt that is over: its worker died before it could say so
        if (requestedAction(record.lifecycle.state)) await this.recordStop(record.lifecycle.attempt)
        else await this.runAttempt(record)
      }
    } finally {
      clearInterval(pollTimer)
      this.resolveDone()
    }
  }

  /** Makes room for a shutdown. */
  drain(): void {
    this.stopReason ??= 'drain'
    this.interruptController.abort()
    this.attemptRunner?.stop('drain')
  }

  /** The lock on the job is lost: somebody else may have it already. */
  abandon(): void {
    this.stopReason = 'superseded'
    this.interruptController.abort()
    this.attemptRunner?.kill()
  }

  /** Whether a client wants the attempt to stop. A nudge calls for a look, and the clock does. */
  async pollRequests(): Promise<void> {
    const attemptRunner = this.attemptRunner
    // storage trouble here shows up where it matters, in the attempt
    const brief = await this.deps.records.summary(this.id).catch(() => null)
    if (!brief) return
    const { state, attempt } = brief.lifecycle
    if (this.attempt > 0 && attempt > this.attempt) return this.abandon()
    // whatever else it is, it is not ours to train any more
    const requestedStop =
      requestedAction(state) ?? (attemptRunner && state !== 'running' ? 'cancel' : null)
    if (requestedStop && requestedStop !== this.requestedStop) attemptRunner?.stop(requestedStop)
    if (requestedStop) this.wakeController.abort()
    this.requestedStop = requestedStop
  }

  /**
   * Whoever claims an epoch behind ours has the lock that was ours, also where Redis could not tell us so.
   * To try again would only take the job from him, and he would take it back: neither got anywhere.
   */
  private async checkSuperseded(): Promise<void> {
    if (this.attempt === 0 || (await this.deps.records.isCurrent(this.id, this.attempt))) return
    this.abandon()
  }

  /** Makes one attempt, and records what comes of it. */
  private async runAttempt(record: JobRecord): Promise<void> {
    const { records, checkpoints } = this.deps
    const attempt = await records.claimAttempt(this.id)
    this.attempt = attempt
    const previousAttempts = await records.attempts(this.id)
    const resumedFrom = await checkpoints.newestVerified(this.id, previousAttempts)
    const { retriedAfterAttempt } = record.lifecycle
    const failedAttempts = attemptsWithoutProgress(
      previousAttempts.filter(previous => previous.attempt > retriedAfterAttempt),
      resumedFrom,
    )
    const noProgress = noProgressFailure(failedAttempts)
    if (noProgress) return this.giveUp(attempt, noProgress)

    const task = await this.buildTask(record.manifest, attempt, resumedFrom).catch(toDatasetGone)
    if ('code' in task) return this.giveUp(attempt, task)

    await this.waitBeforeRetry(
      retryDelaysMs[Math.min(failedAttempts.length, retryDelaysMs.length - 1)]!,
    )
    if (this.stopReason) return

    const startedAt = new Date().toISOString()
    const attemptRecord: AttemptRecord = {
      attempt,
      startedAt,
      resumedFrom,
      phase: 'preparing',
      endedAt: null,
      end: null,
      outputTail: null,
    }
    const started = await records.apply(this.id, { event: 'start', at: startedAt, attempt })
    // a client's request came first
    if (!started.allowed) return
    await records.writeAttempt(this.id, attemptRecord)
    await this.publishState(started.lifecycle)
    const outcome = await this.train(task, attemptRecord)
    await this.checkSuperseded()
    // trouble of the storage shows up where it matters; this is only tidiness
    if (outcome.kind === 'died') await this.deps.sweep().catch(() => {})
    const end = this.endOf(outcome)
    await records.writeAttempt(this.id, {
      ...attemptRecord,
      endedAt: new Date().toISOString(),
      end,
      outputTail: outcome.kind === 'died' ? describeExit(outcome.exit) : null,
    })
    if (outcome.kind === 'finished') await this.finish(succeeded(attempt, outcome))
    else if (outcome.kind === 'failed') await this.finish(failed(attempt, outcome.failure))
    else await this.recordStop(attempt)
  }

  /** Ends early when the job is to stop. */
  private async waitBeforeRetry(ms: number): Promise<void> {
    this.wakeController = new AbortController()
    const signal = AbortSignal.any([this.interruptController.signal, this.wakeController.signal])
    if (ms > 0) await sleep(ms, undefined, { signal }).catch(() => {})
  }

  /** Without an attempt that could say so in the job's log. */
  private async giveUp(attempt: number, failure: Failure): Promise<void> {
    // a line that cannot be stored must not keep the job from its end
    await new JobLog(this.deps.store).append(this.id, attempt, failureLine(failure)).catch(() => {})
    await this.finish(failed(attempt, failure))
  }

  private async finish(result: JobResult & { status: 'succeeded' | 'failed' }): Promise<void> {
    await this.deps.records.finish(this.id, result)
  }

  /** The attempt is over, and the job is not: what was asked of it meanwhile comes true. */
  private async recordStop(attempt: number): Promise<void> {
    const at = new Date().toISOString()
    const { lifecycle } = await this.deps.records.apply(this.id, { event: 'stop', at, attempt })
    await this.publishState(lifecycle)
  }

  private async buildTask(
    job: JobManifest,
    attempt: number,
    resumedFrom: number,
  ): Promise<TrainerTask> {
    const { findDataset } = this.deps
    const { validation } = job.training
    return {
      job,
      dataset: await findDataset(job.dataset.id),
      validation: 'dataset' in validation ? await findDataset(validation.dataset) : null,
      attempt,
      resumeFrom: resumedFrom || null,
    }
  }

  private async train(task: TrainerTask, attemptRecord: AttemptRecord): Promise<Outcome> {
    this.requestedStop = null
    this.attemptRunner = new AttemptRunner(this.deps, task, attemptRecord)
    // a stop that came before there was a process to hear it
    if (this.stopReason === 'superseded') this.attemptRunner.kill()
    else if (this.stopReason) this.attemptRunner.stop(this.stopReason)
    else void this.pollRequests()
    const outcome = await this.attemptRunner.outcome()
    this.attemptRunner = null
    return outcome
  }

  private endOf(outcome: Outcome): AttemptEnd {
    if (outcome.kind === 'finished' || outcome.kind === 'failed') return 'finished'
    // also one that was too slow to make its checkpoint: no fault of the job
    if (outcome.kind === 'stopped' || this.stopReason || this.requestedStop) return 'drained'
    const { code, signal } = outcome.exit
    if (code === unavailableExitCode) return 'unavailable'
    return signal === 'SIGKILL' || signal === 'SIGTERM' ? 'killed' : 'crashed'
  }

  private async publishDone(lifecycle: Lifecycle): Promise<'done'> {
    await this.publishState(lifecycle)
    return 'done'
  }

  /** For lists and followers; Redis being away costs them seconds, not the job. */
  private async publishState(lifecycle: Lifecycle): Promise<void> {
    await this.deps.index.updateStatus(this.id, lifecycle).catch(() => {})
    await this.deps.statePublisher.publish(this.id, null, 'changed').catch(() => {})
  }
}

/** What a job trains on was removed: no other attempt will find it either. */
function toDatasetGone(error: unknown): Failure {
  if (!isMissing(error)) throw error
  return { code: 'dataset_gone', message: `${error.message}; upload it again and retry the job` }
}

function succeeded(attempt: number, { model, metrics, step }: Outcome & { kind: 'finished' }) {
  const finishedAt = new Date().toISOString()
  const status = 'succeeded' as const
  return { status, finishedAt, attempt, failure: null, model, metrics, step }
}

function failed(attempt: number, failure: Failure) {
  const finishedAt = new Date().toISOString()
  return { status: 'failed' as const, finishedAt, attempt, failure, model: null, metrics: {} }
}

/**
 * Attempts that went on from the same checkpoint and made no other. One whose end nobody has written
 * went down with its worker.
 */
function attemptsWithoutProgress(
  attempts: readonly AttemptRecord[],
  resumedFrom: number,
): AttemptRecord[] {
  const endsWithoutProgress: readonly (AttemptEnd | null)[] = [
    'crashed',
    'killed',
    'unavailable',
    null,
  ]
  return attempts.filter(
    attempt => attempt.resumedFrom === resumedFrom && endsWithoutProgress.includes(attempt.end),
  )
}

/** Why a job is not tried again; for storage that refuses it waits as long as that takes. */
function noProgressFailure(failedAttempts: readonly AttemptRecord[]): Failure | null {
  for (const end of ['crashed', 'killed'] as const) {
    const matching = failedAttempts.filter(attempt => (attempt.end ?? 'killed') === end)
    if (matching.length < retryLimits[end]) continue
    const lastOutput = matching.at(-1)!.outputTail ?? 'its worker ended with it'
    const message = `${matching.length} attempts ended without a new checkpoint; retry the job once the cause is gone. The last ended so: ${lastOutput}`
    return { code: 'no_progress', message }
  }
  return null
}

function describeExit({ code, signal, outputTail }: TrainerExit): string {
  const how = signal ? `ended by ${signal}` : `exit code ${code}`
  return outputTail ? `${how}: ${outputTail}` : how
}
