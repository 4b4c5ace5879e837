import { isJobId } from '../spec/identifiers.js'
import type { Initialised } from '../spec/init-from.js'
import type { Failure, JobManifest, Metrics, ModelRef, Phase } from '../spec/job.js'
import type { Store } from '../store/store.js'
import { jobNotFound } from './errors.js'
import { jobKeys } from './keys.js'

/**
 * `crashed`: the trainer ended itself. `killed`: somebody ended it. `drained`: it was asked to make room.
 * `unavailable`: storage refused, which is no fault of the job.
 */
export type AttemptEnd = 'finished' | 'crashed' | 'killed' | 'drained' | 'unavailable'

/** One try at a job. Its epoch is claimed in the store, so no two tries share one. */
export interface Attempt {
  epoch: number
  startedAt: string
  /** The step of the checkpoint that it went on from; 0 for a fresh start. */
  resumedFrom: number
  phase: Phase
  /** null while it runs, as far as the record knows. */
  endedAt: string | null
  end: AttemptEnd | null
  /** How a trainer that died went, and what it printed last. */
  lastWords: string | null
}

export interface JobResult {
  status: 'succeeded' | 'failed' | 'cancelled'
  finishedAt: string
  epoch: number
  failure: Failure | null
  model: ModelRef | null
  metrics: Metrics
  /** Of a job that succeeded: the last step that it trained. */
  step?: number
}

export interface JobRecord {
  manifest: JobManifest
  /** Oldest first. */
  attempts: Attempt[]
  cancelRequestedAt: string | null
  /** Which variables began with the weights of `initFrom`, as soon as an attempt knows. */
  initialised: Initialised | null
  result: JobResult | null
}

/**
 * What is durably known of jobs. Nothing here is ever changed by two writers: a manifest, a cancel
 * request and a result are created once, and an attempt's status is written by its owner alone.
 */
export class JobRecords {
  constructor(private readonly store: Store) {}

  async create(manifest: JobManifest): Promise<void> {
    await this.store.createJson(jobKeys(manifest.id).manifest, manifest)
  }

  ids(): Promise<string[]> {
    return this.store.list('jobs')
  }

  async exists(id: string): Promise<boolean> {
    return (await this.store.readJson(jobKeys(id).manifest)) !== null
  }

  async manifest(id: string): Promise<JobManifest> {
    if (!isJobId(id)) throw jobNotFound(id)
    const manifest = await this.store.readJson<JobManifest>(jobKeys(id).manifest)
    if (!manifest) throw jobNotFound(id)
    return manifest
  }

  async read(id: string): Promise<JobRecord> {
    const [manifest, attempts, cancel, initialised, result] = await Promise.all([
      this.manifest(id),
      this.attempts(id),
      this.store.readJson<{ at: string }>(jobKeys(id).cancel),
      this.store.readJson<Initialised>(jobKeys(id).initialised),
      this.result(id),
    ])
    return { manifest, attempts, cancelRequestedAt: cancel?.at ?? null, initialised, result }
  }

  result(id: string): Promise<JobResult | null> {
    return this.store.readJson<JobResult>(jobKeys(id).result)
  }

  /** Claimed attempts that have begun, oldest first. */
  async attempts(id: string): Promise<Attempt[]> {
    const epochs = await this.epochs(id)
    const read = epochs.map(epoch => this.store.readJson<Attempt>(jobKeys(id).status(epoch)))
    return (await Promise.all(read)).filter(attempt => attempt !== null)
  }

  /** Takes the next epoch. Whoever holds an older one may write no more (see `isCurrent`). */
  async claim(id: string): Promise<number> {
    for (let epoch = ((await this.epochs(id)).at(-1) ?? 0) + 1; ; epoch++) {
      if (await this.store.claim(jobKeys(id).claim(epoch))) return epoch
    }
  }

  async isCurrent(id: string, epoch: number): Promise<boolean> {
    return (await this.epochs(id)).at(-1) === epoch
  }

  async writeAttempt(id: string, attempt: Attempt): Promise<void> {
    await this.store.replaceJson(jobKeys(id).status(attempt.epoch), attempt)
  }

  /** The one end of a job: false where it has ended already. */
  finish(id: string, result: JobResult): Promise<boolean> {
    return this.store.createJson(jobKeys(id).result, result)
  }

  /** Every attempt finds the same: the first one says it. */
  async writeInitialised(id: string, report: Initialised): Promise<void> {
    await this.store.createJson(jobKeys(id).initialised, report)
  }

  async requestCancel(id: string): Promise<void> {
    await this.store.createJson(jobKeys(id).cancel, { at: new Date().toISOString() })
  }

  async cancelRequested(id: string): Promise<boolean> {
    return (await this.store.readJson(jobKeys(id).cancel)) !== null
  }

  async remove(id: string): Promise<void> {
    await this.store.remove(jobKeys(id).root)
  }

  private async epochs(id: string): Promise<number[]> {
    const names = await this.store.list(jobKeys(id).attempts)
    return names.map(Number).sort((a, b) => a - b)
  }
}
