import { setTimeout as sleep } from 'node:timers/promises'
import { isMissing } from '../../src/errors.js'
import type { JobIndex } from '../../src/jobs/queue/job-index.js'
import type { Checkpoints } from '../../src/jobs/record/checkpoints.js'
import type { JobResult, Lifecycle } from '../../src/jobs/record/lifecycle.js'
import type { Attempt, AttemptEnd, JobRecord } from '../../src/jobs/record/records.js'
import { isWaitingOrRunning, requested } from '../../src/jobs/record/states.js'
import { JobLog } from '../../src/jobs/telemetry/job-log.js'
import type { DatasetManifest } from '../../src/spec/dataset.js'
import type { TrainerTask } from '../../src/spec/ipc-messages.js'
import type { Failure, JobManifest } from '../../src/spec/job.js'
import { unavailableCode } from '../failure.js'
import { type AttemptParts, AttemptRun, type Outcome } from './attempt.js'
import { failureLine } from './attempt-log.js'
import type { Exit } from './trainer-process.js'

const lookForRequestsMs = 2000

/** Tries in a row without a new checkpoint: a job that crashes by itself is given up sooner than one that others kill. */
const patience = { crashed: 3, killed: 20 } as const

/** Before the next try, after so many in vain: the first follows at once, and cannot hurt a busy machine. */
const pausesMs = [0, 0, 1000, 5000]

export interface RunParts extends AttemptParts {
  checkpoints: Checkpoints
  index: JobIndex
  findDataset(id: string): Promise<DatasetManifest>
  /** Removes what processes that ended have left half written. */
  sweep(): Promise<void>
}

/** One job in a worker's hands: attempts, one after another, until it has a result or must be given back. */
export class JobRun {
  private current: AttemptRun | null = null
  private stopped: 'drain' | 'lost' | null = null
  /** Of the attempt that was claimed last; 0 before the first. */
  private epoch = 0
  /** What clients ask of the attempt, as far as it was told. */
  private asked: 'pause' | 'cancel' | null = null
  private readonly interrupt = new AbortController()
  /** A client's request ends a pause between two attempts. */
  private wake = new AbortController()
  /** Resolves when `run` has ended. */
  readonly over: Promise<void>
  private end!: () => void

  constructor(
    private readonly parts: RunParts,
    readonly id: string,
  ) {
    this.over = new Promise(resolve => {
      this.end = resolve
    })
  }

  /**
   * `ended`: it has a result, or is paused. `back`: it is to go back to the queue. `lost`: it is
   * somebody else's.
   */
  async run(): Promise<'ended' | 'back' | 'lost'> {
    const lookout = setInterval(() => void this.lookForRequests(), lookForRequestsMs)
    try {
      for (;;) {
        const record = await this.parts.records.read(this.id)
        if (!isWaitingOrRunning(record.life.state)) return await this.ended(record.life)
        await this.lookForOthers()
        if (this.stopped) return this.stopped === 'lost' ? 'lost' : 'back'
        // asked of an attempt that is over: its worker died before it could say so
        if (requested(record.life.state)) await this.tellStop(record.life.epoch)
        else await this.next(record)
      }
    } finally {
      clearInterval(lookout)
      this.end()
    }
  }

  /** Makes room for a shutdown. */
  drain(): void {
    this.stopped ??= 'drain'
    this.interrupt.abort()
    this.current?.stop('drain')
  }

  /** The lock on the job is lost: somebody else may have it already. */
  abandon(): void {
    this.stopped = 'lost'
    this.interrupt.abort()
    this.current?.kill()
  }

  /** Whether a client wants the attempt to stop. A nudge calls for a look, and the clock does. */
  async lookForRequests(): Promise<void> {
    const run = this.current
    // storage trouble here shows up where it matters, in the attempt
    const found = await this.parts.records.brief(this.id).catch(() => null)
    if (!found) return
    const { state, epoch } = found.life
    if (this.epoch > 0 && epoch > this.epoch) return this.abandon()
    // whatever else it is, it is not ours to train any more
    const asked = requested(state) ?? (run && state !== 'running' ? 'cancel' : null)
    if (asked && asked !== this.asked) run?.stop(asked)
    if (asked) this.wake.abort()
    this.asked = asked
  }

  /**
   * Whoever claims an epoch behind ours has the lock that was ours, also where Redis could not tell us so.
   * To try again would only take the job from him, and he would take it back: neither got anywhere.
   */
  private async lookForOthers(): Promise<void> {
    if (this.epoch === 0 || (await this.parts.records.isCurrent(this.id, this.epoch))) return
    this.abandon()
  }

  /** Makes one attempt, and records what comes of it. */
  private async next(record: JobRecord): Promise<void> {
    const { records, checkpoints } = this.parts
    const epoch = await records.claim(this.id)
    this.epoch = epoch
    const before = await records.attempts(this.id)
    const resumedFrom = await checkpoints.newestWhole(this.id, before)
    const { retriedAfter } = record.life
    const vain = inVain(
      before.filter(attempt => attempt.epoch > retriedAfter),
      resumedFrom,
    )
    const hopeless = givenUp(vain)
    if (hopeless) return this.giveUp(epoch, hopeless)

    const task = await this.task(record.manifest, epoch, resumedFrom).catch(ifGone)
    if ('code' in task) return this.giveUp(epoch, task)

    await this.pause(pausesMs[Math.min(vain.length, pausesMs.length - 1)]!)
    if (this.stopped) return

    const startedAt = new Date().toISOString()
    const attempt: Attempt = {
      epoch,
      startedAt,
      resumedFrom,
      phase: 'preparing',
      endedAt: null,
      end: null,
      lastWords: null,
    }
    const begun = await records.apply(this.id, { event: 'start', at: startedAt, epoch })
    // a client's request came first
    if (!begun.allowed) return
    await records.writeAttempt(this.id, attempt)
    await this.note(begun.life)
    const outcome = await this.train(task, attempt)
    await this.lookForOthers()
    // trouble of the storage shows up where it matters; this is only tidiness
    if (outcome.kind === 'died') await this.parts.sweep().catch(() => {})
    const end = this.endOf(outcome)
    await records.writeAttempt(this.id, {
      ...attempt,
      endedAt: new Date().toISOString(),
      end,
      lastWords: outcome.kind === 'died' ? describe(outcome.exit) : null,
    })
    if (outcome.kind === 'finished') await this.finish(succeeded(epoch, outcome))
    else if (outcome.kind === 'failed') await this.finish(failed(epoch, outcome.failure))
    else await this.tellStop(epoch)
  }

  /** Ends early when the job is to stop. */
  private async pause(ms: number): Promise<void> {
    this.wake = new AbortController()
    const signal = AbortSignal.any([this.interrupt.signal, this.wake.signal])
    if (ms > 0) await sleep(ms, undefined, { signal }).catch(() => {})
  }

  /** Without an attempt that could say so in the job's log. */
  private async giveUp(epoch: number, failure: Failure): Promise<void> {
    // a line that cannot be stored must not keep the job from its end
    await new JobLog(this.parts.store).append(this.id, epoch, failureLine(failure)).catch(() => {})
    await this.finish(failed(epoch, failure))
  }

  private async finish(result: JobResult & { status: 'succeeded' | 'failed' }): Promise<void> {
    await this.parts.records.finish(this.id, result)
  }

  /** The attempt is over, and the job is not: what was asked of it meanwhile comes true. */
  private async tellStop(epoch: number): Promise<void> {
    const at = new Date().toISOString()
    const { life } = await this.parts.records.apply(this.id, { event: 'stop', at, epoch })
    await this.note(life)
  }

  private async task(job: JobManifest, epoch: number, resumedFrom: number): Promise<TrainerTask> {
    const { findDataset } = this.parts
    const { validation } = job.training
    return {
      job,
      dataset: await findDataset(job.dataset.id),
      validation: 'dataset' in validation ? await findDataset(validation.dataset) : null,
      epoch,
      resumeFrom: resumedFrom || null,
    }
  }

  private async train(task: TrainerTask, attempt: Attempt): Promise<Outcome> {
    this.asked = null
    this.current = new AttemptRun(this.parts, task, attempt)
    // a stop that came before there was a process to hear it
    if (this.stopped === 'lost') this.current.kill()
    else if (this.stopped) this.current.stop(this.stopped)
    else void this.lookForRequests()
    const outcome = await this.current.outcome()
    this.current = null
    return outcome
  }

  private endOf(outcome: Outcome): AttemptEnd {
    if (outcome.kind === 'finished' || outcome.kind === 'failed') return 'finished'
    // also one that was too slow to make its checkpoint: no fault of the job
    if (outcome.kind === 'stopped' || this.stopped || this.asked) return 'drained'
    const { code, signal } = outcome.exit
    if (code === unavailableCode) return 'unavailable'
    return signal === 'SIGKILL' || signal === 'SIGTERM' ? 'killed' : 'crashed'
  }

  private async ended(life: Lifecycle): Promise<'ended'> {
    await this.note(life)
    return 'ended'
  }

  /** For lists and followers; Redis being away costs them seconds, not the job. */
  private async note(life: Lifecycle): Promise<void> {
    await this.parts.index.note(this.id, life).catch(() => {})
    await this.parts.live.publish(this.id, null, 'changed').catch(() => {})
  }
}

/** What a job trains on was removed: no other attempt will find it either. */
function ifGone(error: unknown): Failure {
  if (!isMissing(error)) throw error
  return { code: 'dataset_gone', message: `${error.message}; upload it again and retry the job` }
}

function succeeded(epoch: number, { model, metrics, step }: Outcome & { kind: 'finished' }) {
  const finishedAt = new Date().toISOString()
  const status = 'succeeded' as const
  return { status, finishedAt, epoch, failure: null, model, metrics, step }
}

function failed(epoch: number, failure: Failure) {
  const finishedAt = new Date().toISOString()
  return { status: 'failed' as const, finishedAt, epoch, failure, model: null, metrics: {} }
}

/**
 * Attempts that went on from the same checkpoint and made no other. One whose end nobody has written
 * went down with its worker.
 */
function inVain(attempts: readonly Attempt[], resumedFrom: number): Attempt[] {
  const vain: readonly (AttemptEnd | null)[] = ['crashed', 'killed', 'unavailable', null]
  return attempts.filter(one => one.resumedFrom === resumedFrom && vain.includes(one.end))
}

/** Why a job is not tried again; for storage that refuses it waits as long as that takes. */
function givenUp(vain: readonly Attempt[]): Failure | null {
  for (const end of ['crashed', 'killed'] as const) {
    const same = vain.filter(one => (one.end ?? 'killed') === end)
    if (same.length < patience[end]) continue
    const last = same.at(-1)!.lastWords ?? 'its worker ended with it'
    const message = `${same.length} attempts ended without a new checkpoint; retry the job once the cause is gone. The last ended so: ${last}`
    return { code: 'no_progress', message }
  }
  return null
}

function describe({ code, signal, lastWords }: Exit): string {
  const how = signal ? `ended by ${signal}` : `exit code ${code}`
  return lastWords ? `${how}: ${lastWords}` : how
}
