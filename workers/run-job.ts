import { setTimeout as sleep } from 'node:timers/promises'
import type { Checkpoints } from '../src/jobs/checkpoints.js'
import type { JobIndex } from '../src/jobs/job-index.js'
import type { Attempt, AttemptEnd, JobRecord, JobResult } from '../src/jobs/records.js'
import type { DatasetManifest } from '../src/spec/dataset.js'
import type { Failure, JobManifest } from '../src/spec/job.js'
import { type AttemptParts, AttemptRun, type Outcome } from './attempt.js'
import { unavailableCode } from './failure.js'
import type { Exit } from './trainer-process.js'

const lookForCancelMs = 2000

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
  private stopped: 'cancel' | 'drain' | 'lost' | null = null
  private readonly interrupt = new AbortController()
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

  /** `ended`: it has a result. `back`: it is to go back to the queue. `lost`: it is somebody else's. */
  async run(): Promise<'ended' | 'back' | 'lost'> {
    const lookout = setInterval(() => void this.lookForCancel(), lookForCancelMs)
    try {
      for (;;) {
        const record = await this.parts.records.read(this.id)
        if (record.result) return await this.ended()
        if (this.stopped === 'lost') return 'lost'
        if (this.stopped === 'drain') return 'back'
        const end = await this.next(record)
        if (!end) continue
        await this.parts.records.finish(this.id, end)
      }
    } finally {
      clearInterval(lookout)
      this.end()
    }
  }

  /** Cancelled by a client, or told to make room for a shutdown. */
  stop(reason: 'cancel' | 'drain'): void {
    this.stopped ??= reason
    this.interrupt.abort()
    this.current?.stop(reason)
  }

  /** The lock on the job is lost: somebody else may have it already. */
  abandon(): void {
    this.stopped = 'lost'
    this.interrupt.abort()
    this.current?.kill()
  }

  private async lookForCancel(): Promise<void> {
    // storage trouble here shows up where it matters, in the attempt
    if (await this.parts.records.cancelRequested(this.id).catch(() => false)) this.stop('cancel')
  }

  /** Makes one attempt; the job's result where it settles the job. */
  private async next(record: JobRecord): Promise<JobResult | null> {
    if (record.cancelRequestedAt) return result('cancelled', record.attempts.at(-1)?.epoch ?? 0)
    const { records, checkpoints } = this.parts
    const epoch = await records.claim(this.id)
    const before = await records.attempts(this.id)
    const resumedFrom = await checkpoints.newestWhole(this.id, before)
    const vain = inVain(before, resumedFrom)
    const hopeless = givenUp(vain)
    if (hopeless) return result('failed', epoch, hopeless)
    await this.pause(pausesMs[Math.min(vain.length, pausesMs.length - 1)]!)
    if (this.stopped) return null

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
    await records.writeAttempt(this.id, attempt)
    const outcome = await this.train(record.manifest, attempt)
    // trouble of the storage shows up where it matters; this is only tidiness
    if (outcome.kind === 'died') await this.parts.sweep().catch(() => {})
    const end = this.endOf(outcome)
    await records.writeAttempt(this.id, {
      ...attempt,
      endedAt: new Date().toISOString(),
      end,
      lastWords: outcome.kind === 'died' ? describe(outcome.exit) : null,
    })
    if (outcome.kind === 'finished') return { ...result('succeeded', epoch), ...pick(outcome) }
    if (outcome.kind === 'failed') return result('failed', epoch, outcome.failure)
    return null
  }

  /** Ends early when the job is to stop. */
  private async pause(ms: number): Promise<void> {
    if (ms > 0) await sleep(ms, undefined, { signal: this.interrupt.signal }).catch(() => {})
  }

  private async train(manifest: JobManifest, attempt: Attempt): Promise<Outcome> {
    const { findDataset } = this.parts
    const { validation } = manifest.training
    const task = {
      job: manifest,
      dataset: await findDataset(manifest.dataset.id),
      validation: 'dataset' in validation ? await findDataset(validation.dataset) : null,
      epoch: attempt.epoch,
      resumeFrom: attempt.resumedFrom || null,
    }
    this.current = new AttemptRun(this.parts, task, attempt)
    // a stop that came before there was a process to hear it
    if (this.stopped === 'lost') this.current.kill()
    else if (this.stopped) this.current.stop(this.stopped)
    const outcome = await this.current.outcome()
    this.current = null
    return outcome
  }

  private endOf(outcome: Outcome): AttemptEnd {
    if (outcome.kind === 'finished' || outcome.kind === 'failed') return 'finished'
    // also one that was too slow to make its checkpoint: no fault of the job
    if (outcome.kind === 'stopped' || this.stopped) return 'drained'
    const { code, signal } = outcome.exit
    if (code === unavailableCode) return 'unavailable'
    return signal === 'SIGKILL' || signal === 'SIGTERM' ? 'killed' : 'crashed'
  }

  private async ended(): Promise<'ended'> {
    await this.parts.index.settle(this.id)
    await this.parts.live.publish(this.id, null, 'changed')
    return 'ended'
  }
}

const pick = ({ model, metrics, step }: Outcome & { kind: 'finished' }) => ({
  model,
  metrics,
  step,
})

function result(
  status: JobResult['status'],
  epoch: number,
  failure: Failure | null = null,
): JobResult {
  const finishedAt = new Date().toISOString()
  return { status, finishedAt, epoch, failure, model: null, metrics: {} }
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
    const message = `${same.length} attempts ended without a new checkpoint; the last: ${last}`
    return { code: 'no_progress', message }
  }
  return null
}

function describe({ code, signal, lastWords }: Exit): string {
  const how = signal ? `ended by ${signal}` : `exit code ${code}`
  return lastWords ? `${how}: ${lastWords}` : how
}
