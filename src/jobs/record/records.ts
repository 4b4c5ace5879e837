import { isJobId } from '../../spec/identifiers.js'
import type { Initialised } from '../../spec/init-from.js'
import type { JobManifest, Phase } from '../../spec/job.js'
import type { Store } from '../../store/store.js'
import { jobNotFound } from './errors.js'
import { jobKeys } from './job-paths.js'
import { Journal } from './journal.js'
import type { JobResult, JournalEntry, Lifecycle } from './lifecycle.js'

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

export interface JobRecord {
  manifest: JobManifest
  /** Oldest first. */
  attempts: Attempt[]
  /** Which variables began with the weights of `initFrom`, as soon as an attempt knows. */
  initialised: Initialised | null
  life: Lifecycle
  /** As in `life`: null until it has ended, and again once it is retried. */
  result: JobResult | null
}

/**
 * What is durably known of jobs. Nothing here is ever changed by two writers: a manifest and the
 * entries of a journal are created once, and an attempt's status is written by its owner alone.
 */
export class JobRecords {
  private readonly journal: Journal

  constructor(private readonly store: Store) {
    this.journal = new Journal(store)
  }

  /** False where the job is there already. */
  create(manifest: JobManifest): Promise<boolean> {
    return this.store.createJson(jobKeys(manifest.id).manifest, manifest)
  }

  ids(): Promise<string[]> {
    return this.store.list('jobs')
  }

  /** What a job is and where it stands; null where there is none. */
  async brief(id: string): Promise<Pick<JobRecord, 'manifest' | 'life'> | null> {
    const manifest = await this.store.readJson<JobManifest>(jobKeys(id).manifest)
    return manifest && { manifest, life: await this.journal.read(id, manifest.createdAt) }
  }

  async manifest(id: string): Promise<JobManifest> {
    if (!isJobId(id)) throw jobNotFound(id)
    const manifest = await this.store.readJson<JobManifest>(jobKeys(id).manifest)
    if (!manifest) throw jobNotFound(id)
    return manifest
  }

  async read(id: string): Promise<JobRecord> {
    const manifest = await this.manifest(id)
    const [attempts, initialised, life] = await Promise.all([
      this.attempts(id),
      this.store.readJson<Initialised>(jobKeys(id).initialised),
      this.journal.read(id, manifest.createdAt),
    ])
    if (life.state === 'removed') throw jobNotFound(id)
    return { manifest, attempts, initialised, life, result: life.result }
  }

  /** Adds to a job's journal; not allowed, and nothing changed, where the table of states forbids it. */
  async apply(id: string, entry: JournalEntry): Promise<{ allowed: boolean; life: Lifecycle }> {
    return this.journal.append(id, (await this.manifest(id)).createdAt, entry)
  }

  /** Claimed attempts that have begun, oldest first. */
  async attempts(id: string): Promise<Attempt[]> {
    const epochs = await this.epochs(id)
    const read = epochs.map(epoch => this.store.readJson<Attempt>(jobKeys(id).status(epoch)))
    return (await Promise.all(read)).filter(attempt => attempt !== null)
  }

  /** All claims, oldest first: of attempts that have begun, and of those that were given up instead. */
  async claims(id: string): Promise<{ epoch: number }[]> {
    return (await this.epochs(id)).map(epoch => ({ epoch }))
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

  /** The end of a job that an attempt has brought about: false where it has ended already. */
  async finish(id: string, result: JobResult & { status: 'succeeded' | 'failed' }) {
    const { status, epoch, finishedAt: at } = result
    const event = status === 'succeeded' ? 'succeed' : 'fail'
    return (await this.apply(id, { event, at, epoch, result })).allowed
  }

  /** Every attempt finds the same: the first one says it. */
  async writeInitialised(id: string, report: Initialised): Promise<void> {
    await this.store.createJson(jobKeys(id).initialised, report)
  }

  /** With how many threads all attempts compute: sums come out the same. The first one says it. */
  async settleThreads(id: string, mine: number): Promise<number> {
    await this.store.createJson(jobKeys(id).threads, { threads: mine })
    const settled = await this.store.readJson<{ threads: number }>(jobKeys(id).threads)
    return settled?.threads ?? mine
  }

  async remove(id: string): Promise<void> {
    await this.store.remove(jobKeys(id).root)
  }

  private async epochs(id: string): Promise<number[]> {
    const names = await this.store.list(jobKeys(id).attempts)
    return names.map(Number).sort((a, b) => a - b)
  }
}
