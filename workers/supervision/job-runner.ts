import { setTimeout as sleep } from 'node:timers/promises'
import { isMissing } from '../../src/errors.js'
import type { JobIndex } from '../../src/jobs/queue/job-index.js'
import type { LiveStatePublisher } from '../../src/jobs/queue/live-state.js'
import type { Checkpoints } from '../../src/jobs/record/checkpoints.js'
import type { JobResult, Lifecycle } from '../../src/jobs/record/lifecycle.js'
import type {
  AttemptEnd,
  AttemptProgress,
  AttemptRecord,
  JobRecord,
  JobRecords,
} from '../../src/jobs/record/records.js'
import { isWaitingOrRunning, requestedAction } from '../../src/jobs/record/states.js'
import type { JobLog } from '../../src/jobs/telemetry/job-log.js'
import type { MetricsLog } from '../../src/jobs/telemetry/metrics-log.js'
import type { DatasetManifest } from '../../src/spec/dataset.js'
import type { TrainerTask } from '../../src/spec/ipc-messages.js'
import type { Failure, JobManifest } from '../../src/spec/job.js'
import { unavailableExitCode } from '../failure.js'
import type { AttemptRunner, Outcome } from './attempt.js'
import { failureLine } from './attempt-log.js'
import type { TrainerExit } from './trainer-process.js'

const requestPollIntervalMs = 2000

/**
 * Attempts in a row without a new checkpoint after which a job fails. Kills from outside are less the
 * job's fault than crashes.
 */
const retryLimits = { crashed: 3, killed: 20 } as const

/** Backoff before the next attempt, by the number of attempts without progress; the last value repeats. */
const retryDelaysMs = [0, 0, 1000, 5000]

export interface JobRunnerDeps {
  records: JobRecords
  checkpoints: Checkpoints
  jobLog: JobLog
  metricsLog: MetricsLog
  index: JobIndex
  statePublisher: LiveStatePublisher
  findDataset(id: string): Promise<DatasetManifest>
  startAttempt(task: TrainerTask, attemptRecord: AttemptRecord): AttemptRunner
  /** Removes the half-written files of processes that have ended. */
  sweep(): Promise<void>
}

/** `done`: the job has a result or is paused. `superseded`: another worker has it. */
export type JobRunOutcome = 'done' | 'requeue' | 'superseded'

/** Runs one job: attempts, one after another, until the job has a result or must leave this worker. */
export class JobRunner {
  private attemptRunner: AttemptRunner | null = null
  private stopReason: 'drain' | 'superseded' | null = null
  /** Number of the most recently claimed attempt; 0 before the first. */
  private attempt = 0
  /** The clients' request that the attempt has been told of. */
  private requestedStop: 'pause' | 'cancel' | null = null
  private readonly interruptController = new AbortController()
  /** Aborted by a client's request: ends the backoff before an attempt. */
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

  async run(): Promise<JobRunOutcome> {
    const pollTimer = setInterval(() => void this.pollRequests(), requestPollIntervalMs)
    try {
      for (;;) {
        const record = await this.deps.records.read(this.id)
        if (!isWaitingOrRunning(record.lifecycle.state))
          return await this.publishDone(record.lifecycle)
        await this.checkSuperseded()
        if (this.stopReason) return this.stopReason === 'superseded' ? 'superseded' : 'requeue'
        // a request to an attempt that has ended: its worker died before it recorded the stop
        if (requestedAction(record.lifecycle.state)) await this.recordStop(record.lifecycle.attempt)
        else await this.runAttempt(record)
      }
    } finally {
      clearInterval(pollTimer)
      this.resolveDone()
    }
  }

  /** Stops for a shutdown: the attempt writes a checkpoint, and the job returns to the queue. */
  drain(): void {
    this.stopReason ??= 'drain'
    this.interruptController.abort()
    this.attemptRunner?.stop('drain')
  }

  /** The lock on the job is lost, so another worker may already have it: kills the attempt. */
  abandon(): void {
    this.stopReason = 'superseded'
    this.interruptController.abort()
    this.attemptRunner?.kill()
  }

  /** Checks whether clients want the attempt to stop: called on each notification and every 2 s. */
  async pollRequests(): Promise<void> {
    const attemptRunner = this.attemptRunner
    // if storage fails, the attempt fails too and reports it
    const brief = await this.deps.records.summary(this.id).catch(() => null)
    if (!brief) return
    const { state, attempt } = brief.lifecycle
    if (this.attempt > 0 && attempt > this.attempt) return this.abandon()
    // an attempt of a job that is not running must end, whatever happened to the job
    const requestedStop =
      requestedAction(state) ?? (attemptRunner && state !== 'running' ? 'cancel' : null)
    if (requestedStop && requestedStop !== this.requestedStop) attemptRunner?.stop(requestedStop)
    if (requestedStop) this.wakeController.abort()
    this.requestedStop = requestedStop
  }

  /**
   * If a newer attempt exists, another worker owns the job, even if Redis has not told us. If we tried
   * again, the two workers would take the job from each other forever.
   */
  private async checkSuperseded(): Promise<void> {
    if (this.attempt === 0 || (await this.deps.records.isCurrent(this.id, this.attempt))) return
    this.abandon()
  }

  /** Runs one attempt and records its outcome. */
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
      progress: await this.progressAt(record.manifest, previousAttempts, resumedFrom),
      endedAt: null,
      end: null,
      outputTail: null,
    }
    const started = await records.apply(this.id, { event: 'start', at: startedAt, attempt })
    // a client's request was recorded first
    if (!started.allowed) return
    await records.writeAttempt(this.id, attemptRecord)
    await this.publishState(started.lifecycle)
    const outcome = await this.train(task, attemptRecord)
    await this.checkSuperseded()
    // best effort: if storage fails, the writes below report it
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

  /** Ends early if the job is to stop. */
  private async waitBeforeRetry(ms: number): Promise<void> {
    this.wakeController = new AbortController()
    const signal = AbortSignal.any([this.interruptController.signal, this.wakeController.signal])
    if (ms > 0) await sleep(ms, undefined, { signal }).catch(() => {})
  }

  /** Fails the job without a further attempt, and says so in the job's log. */
  private async giveUp(attempt: number, failure: Failure): Promise<void> {
    // a line that cannot be stored must not keep the job from failing
    await this.deps.jobLog.append(this.id, attempt, failureLine(failure)).catch(() => {})
    await this.finish(failed(attempt, failure))
  }

  private async finish(result: JobResult & { status: 'succeeded' | 'failed' }): Promise<void> {
    await this.deps.records.finish(this.id, result)
  }

  /** The attempt has ended but the job has not: carries out the request that clients made, if any. */
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

  /** The metrics at the step that an attempt resumes from. */
  private async progressAt(
    { training }: JobManifest,
    attempts: readonly AttemptRecord[],
    step: number,
  ): Promise<AttemptProgress> {
    const interval = Math.max(
      training.logEvery,
      'validateEvery' in training ? training.validateEvery : 1,
    )
    const range = { fromStep: step - interval, toStep: step }
    // metrics that cannot be read must not keep the attempt from starting
    const metrics = await this.deps.metricsLog
      .latestValues(this.id, attempts, range)
      .catch(() => ({}))
    return { step, metrics }
  }

  private async train(task: TrainerTask, attemptRecord: AttemptRecord): Promise<Outcome> {
    this.requestedStop = null
    this.attemptRunner = this.deps.startAttempt(task, attemptRecord)
    // a stop that was requested before there was a process to tell
    if (this.stopReason === 'superseded') this.attemptRunner.kill()
    else if (this.stopReason) this.attemptRunner.stop(this.stopReason)
    else void this.pollRequests()
    const outcome = await this.attemptRunner.outcome()
    this.attemptRunner = null
    return outcome
  }

  private endOf(outcome: Outcome): AttemptEnd {
    if (outcome.kind === 'finished' || outcome.kind === 'failed') return 'finished'
    // includes an attempt that was killed because its last checkpoint took too long
    if (outcome.kind === 'stopped' || this.stopReason || this.requestedStop) return 'drained'
    const { code, signal } = outcome.exit
    if (code === unavailableExitCode) return 'unavailable'
    return signal === 'SIGKILL' || signal === 'SIGTERM' ? 'killed' : 'crashed'
  }

  private async publishDone(lifecycle: Lifecycle): Promise<'done'> {
    await this.publishState(lifecycle)
    return 'done'
  }

  /** Tells lists and followers. If Redis is down, they learn it later from the store. */
  private async publishState(lifecycle: Lifecycle): Promise<void> {
    await this.deps.index.updateStatus(this.id, lifecycle).catch(() => {})
    await this.deps.statePublisher.publish(this.id, null, 'changed').catch(() => {})
  }
}

/** The failure of a job whose data set was removed: no further attempt would find it. */
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
 * The attempts that resumed from the same checkpoint and wrote no new one. An attempt without a recorded
 * end died together with its worker.
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

/** The failure of a job that has used up its retries. Attempts that ended because storage failed do not count. */
function noProgressFailure(failedAttempts: readonly AttemptRecord[]): Failure | null {
  for (const end of ['crashed', 'killed'] as const) {
    const matching = failedAttempts.filter(attempt => (attempt.end ?? 'killed') === end)
    if (matching.length < retryLimits[end]) continue
    const lastOutput = matching.at(-1)!.outputTail ?? 'its worker ended too'
    const message = `${matching.length} attempts ended without a new checkpoint; fix the cause, then retry the job. The last attempt ended with: ${lastOutput}`
    return { code: 'no_progress', message }
  }
  return null
}

function describeExit({ code, signal, outputTail }: TrainerExit): string {
  const how = signal ? `ended by ${signal}` : `exit code ${code}`
  return outputTail ? `${how}: ${outputTail}` : how
}
