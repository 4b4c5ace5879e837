import { TrainyardError } from '../src/errors.js'
import type { Checkpoints } from '../src/jobs/checkpoints.js'
import type { JobIndex } from '../src/jobs/job-index.js'
import type { Lifecycle } from '../src/jobs/lifecycle.js'
import type { Attempt, AttemptEnd, JobRecord, JobResult } from '../src/jobs/records.js'
import { isWaitingOrRunning, requested } from '../src/jobs/states.js'
import type { DatasetManifest } from '../src/spec/dataset.js'
import type { Failure, JobManifest } from '../src/spec/job.js'
import type { TrainerTask } from '../src/spec/messages.js'
import { type AttemptParts, AttemptRun, type Outcome } from './attempt.js'
import type { Exit } from './trainer-process.js'

const lookForRequestsMs = 2000

/** Tries in a row without a new checkpoint: a job that crashes by itself is given up sooner than one that others kill. */
const patience = { crashed: 3, killed: 20 } as const

export interface RunParts extends AttemptParts {
  checkpoints: Checkpoints
  index: JobIndex
  findDataset(id: string): Promise<DatasetManifest>
}

/** One job in a worker's hands: attempts, one after another, until it has a result or must be given back. */
export class JobRun {
  private current: AttemptRun | null = null
  private stopped: 'drain' | 'lost' | null = null
  /** What clients ask of the attempt, as far as it was told. */
  private asked: 'pause' | 'cancel' | null = null

  constructor(
    private readonly parts: RunParts,
    readonly id: string,
  ) {}

  /** `ended`: it has a result, or is paused. `back`: it belongs to the queue again. */
  async run(): Promise<'ended' | 'back'> {
    const lookout = setInterval(() => void this.lookForRequests(), lookForRequestsMs)
    try {
      for (;;) {
        const record = await this.parts.records.read(this.id)
        if (!isWaitingOrRunning(record.life.state)) return await this.ended(record.life)
        if (this.stopped) return 'back'
        // asked of an attempt that is over: its worker died before it could say so
        if (requested(record.life.state)) await this.tellStop(record.life.epoch)
        else await this.next(record)
      }
    } finally {
      clearInterval(lookout)
    }
  }

  /** Makes room for a shutdown. */
  drain(): void {
    this.stopped ??= 'drain'
    this.current?.stop('drain')
  }

  /** The lock on the job is lost: somebody else may have it already. */
  abandon(): void {
    this.stopped = 'lost'
    this.current?.kill()
  }

  /** Whether a client wants the attempt to stop. A nudge calls for a look, and the clock does. */
  async lookForRequests(): Promise<void> {
    const run = this.current
    if (!run) return
    // storage trouble here shows up where it matters, in the attempt
    const found = await this.parts.records.brief(this.id).catch(() => null)
    if (!found) return
    const { state } = found.life
    // whatever else it is, it is not ours to train any more
    const asked = requested(state) ?? (state === 'running' ? null : 'cancel')
    if (asked && asked !== this.asked) run.stop(asked)
    this.asked = asked
  }

  /** Makes one attempt, and records what comes of it. */
  private async next(record: JobRecord): Promise<void> {
    const { records, checkpoints } = this.parts
    const epoch = await records.claim(this.id)
    const before = await records.attempts(this.id)
    const resumedFrom = await checkpoints.newestWhole(this.id, before)
    const { retriedAfter } = record.life
    const hopeless = givenUp(
      before.filter(attempt => attempt.epoch > retriedAfter),
      resumedFrom,
    )
    if (hopeless) return this.finish(failed(epoch, hopeless))

    const task = await this.task(record.manifest, epoch, resumedFrom).catch(ifGone)
    if ('code' in task) return this.finish(failed(epoch, task))

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
    if (outcome.kind === 'stopped') return 'drained'
    const { signal } = outcome.exit
    return this.stopped || this.asked || signal === 'SIGKILL' || signal === 'SIGTERM'
      ? 'killed'
      : 'crashed'
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
  if (!(error instanceof TrainyardError) || error.kind !== 'missing') throw error
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

/** Why a job is not tried again: too many attempts went on from the same checkpoint and made no other. */
function givenUp(attempts: readonly Attempt[], resumedFrom: number): Failure | null {
  for (const end of ['crashed', 'killed'] as const) {
    const vain = attempts.filter(one => one.end === end && one.resumedFrom === resumedFrom)
    if (vain.length < patience[end]) continue
    const message = `${vain.length} attempts ended without a new checkpoint; retry the job once the cause is gone. The last ended so: ${vain.at(-1)?.lastWords}`
    return { code: 'no_progress', message }
  }
  return null
}

function describe({ code, signal, lastWords }: Exit): string {
  const how = signal ? `ended by ${signal}` : `exit code ${code}`
  return lastWords ? `${how}: ${lastWords}` : how
}
