import { setTimeout as sleep } from 'node:timers/promises'
import type { JobIndex } from '../../src/jobs/queue/job-index.js'
import type { LiveStatePublisher } from '../../src/jobs/queue/live-state.js'
import type { TrainingTotals } from '../../src/jobs/queue/training-totals.js'
import type { Checkpoints } from '../../src/jobs/record/checkpoints.js'
import type { JobResult } from '../../src/jobs/record/lifecycle.js'
import { logDetails } from '../../src/jobs/record/log-details.js'
import {
  type AttemptRecord,
  type JobRecord,
  type JobRecords,
  memoryNeedOf,
  memoryOf,
} from '../../src/jobs/record/records.js'
import { isWaitingOrRunning, publicStatus, requestedAction } from '../../src/jobs/record/states.js'
import type { JobLog } from '../../src/jobs/telemetry/job-log.js'
import { keepChart } from '../../src/jobs/telemetry/metrics-chart.js'
import type { MetricsLog } from '../../src/jobs/telemetry/metrics-log.js'
import type { Logger } from '../../src/log.js'
import type { Damage } from '../../src/spec/damage.js'
import type { DatasetManifest } from '../../src/spec/dataset.js'
import type { TrainerTask } from '../../src/spec/ipc-messages.js'
import type { Failure, JobManifest } from '../../src/spec/job.js'
import type { Refusal } from './admission.js'
import type { AttemptRunner, Outcome } from './attempt.js'
import { changeOfResources, failureLine } from './attempt-log.js'
import { heldJobDelayMs, holdPollMs, JobHold } from './job-hold.js'
import {
  attemptEnd,
  countedAs,
  type Finished,
  failed,
  isStorageError,
  nullIfMissing,
  succeeded,
  toDatasetFailure,
} from './job-results.js'
import type { MemoryBudget } from './memory-budget.js'
import { progressAt } from './resumed-progress.js'
import { attemptsWithoutProgress, exhaustedRetries, retryDelayMs } from './retry-policy.js'
import { buildTask } from './trainer-task.js'

export interface JobRunnerDeps {
  records: JobRecords
  checkpoints: Checkpoints
  jobLog: JobLog
  metricsLog: MetricsLog
  index: JobIndex
  statePublisher: LiveStatePublisher
  /** Finds a data set whose shards match their checksums. */
  findDataset(id: string): Promise<DatasetManifest>
  /** What a job has done that has published its model or predictions, though its trainer may have died before it said so. */
  findPublished(id: string): Promise<Finished | null>
  startAttempt(
    task: TrainerTask,
    attemptRecord: AttemptRecord,
  ): Pick<AttemptRunner, 'outcome' | 'stop' | 'kill'>
  /** Removes the half-written files of processes that have ended. */
  sweep(): Promise<void>
  /** How often the store is asked for clients' requests, of which Redis tells at once; 2000 by default. */
  pollMs?: number
  /** Makes what the attempts of a job logged durable. */
  closeLogs(id: string): Promise<void>
  /** Why this worker does not run a job that it has taken; null if it does. */
  refusalOf(manifest: JobManifest): Refusal | null
  memory: MemoryBudget
  totals: Pick<TrainingTotals, 'leftQueue' | 'attemptEnded' | 'jobEnded'>
  /** Why the disk takes no writes, in one line; null if it does. */
  diskProblem(): Promise<string | null>
  log: Logger
}

/**
 * `done`: the job has a result or is paused. `superseded`: another worker has it. `held`: it needs more memory than
 * this worker has, or a newer version. `misplaced`: it is in the wrong queue.
 */
export type JobRunOutcome = 'done' | 'requeue' | 'superseded' | 'held' | 'misplaced'

/** Runs one job: attempts, one after another, until the job has a result or must leave this worker. */
export class JobRunner {
  private attemptRunner: Pick<AttemptRunner, 'outcome' | 'stop' | 'kill'> | null = null
  private stopReason: 'drain' | 'move' | 'superseded' | null = null
  /** Number of the most recently claimed attempt; 0 before the first. */
  private attempt = 0
  /** The clients' request that the attempt has been told of. */
  private requestedStop: 'pause' | 'cancel' | null = null
  private readonly interruptController = new AbortController()
  /** Aborted by a client's request: ends the backoff before an attempt. */
  private wakeController = new AbortController()
  private readonly jobHold: JobHold
  /** Resolves when `run` has ended. */
  readonly done: Promise<void>
  private resolveDone!: () => void

  constructor(
    private readonly deps: JobRunnerDeps,
    readonly id: string,
  ) {
    this.jobHold = new JobHold(deps.statePublisher, id)
    this.done = new Promise(resolve => {
      this.resolveDone = resolve
    })
  }

  async run(): Promise<JobRunOutcome> {
    const pollTimer = setInterval(() => void this.pollRequests(), this.deps.pollMs ?? 2000)
    try {
      for (;;) {
        try {
          const outcome = await this.advance()
          if (outcome) return outcome
        } catch (error) {
          // an error of this job's files alone is not for waiting
          const problem = isStorageError(error) ? await this.deps.diskProblem() : null
          if (problem === null) throw error
          if (this.stopReason) return this.stoppedOutcome()
          await this.hold(problem, holdPollMs)
        }
      }
    } finally {
      clearInterval(pollTimer)
      this.deps.memory.release(this.id)
      this.resolveDone()
    }
  }

  /** Takes the next step; null if another one is to follow. */
  private async advance(): Promise<JobRunOutcome | null> {
    const record = await this.deps.records.read(this.id).catch(nullIfMissing)
    if (!record) return 'done'
    if (!isWaitingOrRunning(record.lifecycle.state)) {
      await this.publishState()
      if (record.lifecycle.result?.dataset) await this.removeParts()
      return 'done'
    }
    await this.checkSuperseded()
    if (this.stopReason) return this.stoppedOutcome()
    // a request to an attempt that has ended: its worker died before it recorded the stop
    if (requestedAction(record.lifecycle.state)) {
      await this.recordStop(record.lifecycle.attempt)
      return null
    }
    const refusal = this.deps.refusalOf(record.manifest)
    if (refusal) {
      if (refusal.outcome === 'held') await this.jobHold.publish(refusal.reason, heldJobDelayMs)
      return refusal.outcome
    }
    const problem = await this.deps.diskProblem()
    const bytes = memoryNeedOf(record)
    const shortage = bytes === null ? null : this.deps.memory.reserve(this.id, bytes)
    if (problem !== null) await this.hold(problem, holdPollMs)
    else if (shortage?.fits) await this.hold(shortage.reason, holdPollMs)
    else if (!shortage) await this.runAttempt(record)
    else {
      await this.jobHold.publish(shortage.reason, heldJobDelayMs)
      return 'held'
    }
    return null
  }

  private stoppedOutcome(): JobRunOutcome {
    return this.stopReason === 'superseded' ? 'superseded' : 'requeue'
  }

  /** The attempt writes a checkpoint, and the job returns to the queue. `drain`: soon, since this worker ends. */
  drain(reason: 'drain' | 'move' = 'drain'): void {
    this.stopReason ??= reason
    this.interruptController.abort()
    this.attemptRunner?.stop(reason)
  }

  /** The lock on the job is lost, so another worker may already have it: kills the attempt. */
  abandon(): void {
    this.stopReason = 'superseded'
    this.interruptController.abort()
    this.attemptRunner?.kill()
  }

  /** Checks whether clients want the attempt to stop: called on each notification and now and then. */
  async pollRequests(): Promise<void> {
    const runnerBefore = this.attemptRunner
    // if storage fails, the attempt fails too and reports it
    const brief = await this.deps.records.summary(this.id).catch(() => undefined)
    if (brief === undefined) return
    if (brief === null) return this.abandon()
    const { state, attempt } = brief.lifecycle
    if (this.attempt > 0 && attempt > this.attempt) return this.abandon()
    // this was read before the attempt began; the next poll reads again
    if (attempt < this.attempt) return
    // an attempt of a job that is not running must end, whatever happened to the job
    const requestedStop =
      requestedAction(state) ?? (runnerBefore && state !== 'running' ? 'cancel' : null)
    this.tellAttempt(requestedStop)
    if (requestedStop) this.wakeController.abort()
  }

  /** Tells the attempt of a request once. It may have started after the request was read first. */
  private tellAttempt(requestedStop: 'pause' | 'cancel' | null): void {
    const { attemptRunner } = this
    if (!attemptRunner) return
    if (requestedStop && requestedStop !== this.requestedStop) attemptRunner.stop(requestedStop)
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
    const { lifecycle } = record
    const { records, checkpoints, metricsLog, findDataset } = this.deps
    const claims = await records.claims(this.id)
    const previousAttempts = await records.attempts(this.id)
    const newest = await checkpoints.newestVerified(this.id, previousAttempts)
    const resumedFrom = newest.step
    const failedAttempts = attemptsWithoutProgress(
      previousAttempts.filter(({ attempt }) => attempt > lifecycle.retriedAfterAttempt),
      resumedFrom,
    )
    const exhausted = exhaustedRetries(memoryOf(record), failedAttempts)
    // no further attempt starts, so the failure belongs to the last one
    if (exhausted) return this.fail(previousAttempts.at(-1)!.attempt, exhausted)

    if (!(await this.waitBeforeRetry(failedAttempts))) return
    const attempt = await records.claimAttempt(this.id)
    // a further attempt has not been in the queue
    const isFirst = this.attempt === 0
    this.attempt = attempt
    await this.reportDamage(attempt, newest.damage)
    // another worker has claimed one meanwhile: what was read above is out of date
    if (attempt !== (claims.at(-1)?.attempt ?? 0) + 1) return

    const startedAt = new Date().toISOString()
    const attemptRecord: AttemptRecord = {
      attempt,
      startedAt,
      resumedFrom,
      phase: 'preparing',
      progress: await progressAt(record.manifest, previousAttempts, resumedFrom, metricsLog),
      endedAt: null,
      end: null,
      outputTail: null,
    }
    const started = await records.apply(this.id, { event: 'start', at: startedAt, attempt })
    // a client's request was recorded first
    if (!started.allowed) return
    const manifest = await records.manifestOfStarted(record)
    // other resources came between: this worker may not have them
    if (this.deps.refusalOf(manifest)) return this.recordStop(attempt)
    attemptRecord.resources = manifest.resources ?? null
    if (isFirst) this.deps.totals.leftQueue(started.lifecycle)
    if (previousAttempts.at(-1)?.end === null) this.deps.totals.attemptEnded('lost', null)
    await records.writeAttempt(this.id, attemptRecord)
    await this.logLine(attempt, changeOfResources(previousAttempts.at(-1), attemptRecord))
    const waitedFor = isFirst ? await this.jobHold.takeReason() : null
    if (waitedFor) await this.logLine(attempt, `not started before: ${waitedFor}`)
    await this.publishState()
    const details = { ...logDetails(manifest), attempt, resumedFrom }
    this.deps.log.info(details, resumedFrom > 0 ? 'job resumed' : 'job started')
    const earlier = { resumedFrom, threads: await records.threads(this.id) }
    const task = await buildTask(manifest, attempt, earlier, findDataset).catch(toDatasetFailure)
    const outcome: Outcome =
      'code' in task ? { kind: 'failed', failure: task } : await this.train(task, attemptRecord)
    // a damaged job can be deleted while it runs: what the attempt wrote since then goes too
    const brief = await records.summary(this.id).catch(() => undefined)
    if (brief === null) return records.remove(this.id)
    await this.checkSuperseded()
    // best effort: if storage fails, the writes below wait for it
    if (outcome.kind === 'died') await this.deps.sweep().catch(() => {})
    // first: who hears of the end reads the logs to theirs
    await this.persist(() => this.deps.closeLogs(this.id))
    const end = attemptEnd(outcome, (this.stopReason ?? this.requestedStop) !== null)
    const ended = { ...attemptRecord, endedAt: new Date().toISOString(), ...end }
    await this.persist(() => records.writeAttempt(this.id, ended))
    // the API makes it again if it is missing
    await keepChart(metricsLog.store, this.id, [...previousAttempts, ended]).catch(() => {})
    this.deps.totals.attemptEnded(...countedAs(outcome, end))
    if (outcome.kind === 'finished') await this.finish(succeeded(attempt, outcome))
    else if (outcome.kind !== 'failed') await this.recordStop(attempt)
    else if ('code' in task) await this.fail(attempt, outcome.failure)
    else await this.finish(failed(attempt, outcome.failure))
  }

  /** The data set has the predictions now. If a worker dies before this, the one that has the job next does it. */
  private async removeParts(): Promise<void> {
    await this.deps.checkpoints.removeAll(this.id).catch((err: Error) => {
      const details = { err, job: this.id }
      this.deps.log.warn(details, 'could not remove predictions that the data set has, too')
    })
  }

  /** Returns false if the job is to stop. */
  private async waitBeforeRetry(failedAttempts: readonly AttemptRecord[]): Promise<boolean> {
    const delayMs = retryDelayMs(failedAttempts)
    const last = failedAttempts.at(-1)
    if (last?.end === 'unavailable') {
      await this.hold(`the next attempt; attempt ${last.attempt} ${last.outputTail}`, delayMs)
    } else await this.sleep(delayMs)
    if (this.stopReason || this.wakeController.signal.aborted) return false
    await this.jobHold.clear()
    return true
  }

  /** Waits, and tells clients why. The job keeps its slot: the others would wait for the same. */
  private async hold(reason: string, ms: number): Promise<void> {
    await this.jobHold.publish(reason, ms)
    await this.sleep(ms)
  }

  /** Says in the job's log why the attempt does not resume from the newest checkpoint. */
  private async reportDamage(attempt: number, damage: readonly Damage[]): Promise<void> {
    for (const { id: step, file, reason } of damage) {
      await this.logLine(attempt, `the checkpoint of step ${step} is not used: ${file} ${reason}`)
    }
  }

  /** A line that cannot be stored must not keep the job from going on. */
  private async logLine(attempt: number, line: string | null): Promise<void> {
    if (line) await this.deps.jobLog.append(this.id, attempt, line).catch(() => {})
  }

  /** Ends early if the job is to stop. */
  private async sleep(ms: number): Promise<void> {
    this.wakeController = new AbortController()
    const signal = AbortSignal.any([this.interruptController.signal, this.wakeController.signal])
    if (ms > 0) await sleep(ms, undefined, { signal }).catch(() => {})
  }

  /** Repeats a write of an attempt's outcome until the disk takes it: the outcome must not be lost. */
  private async persist<T>(write: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await write()
      } catch (error) {
        const problem = isStorageError(error) ? await this.deps.diskProblem() : null
        if (problem === null || this.stopReason) throw error
        await this.hold(problem, holdPollMs)
      }
    }
  }

  /** Fails the job, and says so in the job's log. */
  private async fail(attempt: number, failure: Failure): Promise<void> {
    await this.logLine(attempt, failureLine(failure))
    await this.persist(() => this.deps.closeLogs(this.id))
    await this.finish(failed(attempt, failure))
  }

  private async finish(result: JobResult & { status: 'succeeded' | 'failed' }): Promise<void> {
    const end = await this.persist(() => this.deps.records.finish(this.id, result))
    if (end.allowed) this.deps.totals.jobEnded(end.lifecycle)
    const { status, attempt, step, model, failure } = result
    this.deps.log.info({ job: this.id, attempt, step, model, failure }, `job ${status}`)
  }

  /** The attempt has ended but the job has not: carries out the request that clients made, if any. */
  private async recordStop(attempt: number): Promise<void> {
    await this.persist(() => this.deps.closeLogs(this.id))
    const published = await this.persist(() => this.deps.findPublished(this.id))
    if (published) {
      await this.logLine(attempt, 'the job is done: its trainer had stored the result')
      return this.finish(succeeded(attempt, published))
    }
    const { allowed, lifecycle } = await this.persist(() =>
      this.deps.records.apply(this.id, { event: 'stop', at: new Date().toISOString(), attempt }),
    )
    if (allowed) this.deps.totals.jobEnded(lifecycle)
    await this.publishState()
    const status = lifecycle.state === 'removed' ? 'removed' : publicStatus[lifecycle.state]
    this.deps.log.info({ job: this.id, attempt }, `job ${status}`)
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

  /** Tells lists and followers. If Redis is down, they learn it later from the store. */
  private async publishState(): Promise<void> {
    const { index, records, statePublisher } = this.deps
    const updateIndex = async () => index.put(await records.read(this.id))
    await updateIndex().catch(() => {})
    await statePublisher.publish(this.id, null, 'changed').catch(() => {})
  }
}
