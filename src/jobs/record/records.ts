import { isJobId } from '../../spec/identifiers.js'
import type { InitReport } from '../../spec/init-from.js'
import type { JobManifest, Phase } from '../../spec/job.js'
import type { Store } from '../../store/store.js'
import { jobNotFound } from './errors.js'
import { jobPaths } from './job-paths.js'
import { Journal } from './journal.js'
import { initialLifecycle, type JobResult, type JournalEntry, type Lifecycle } from './lifecycle.js'

/**
 * `crashed`: the trainer ended itself. `killed`: somebody ended it. `drained`: it was asked to make room.
 * `unavailable`: storage refused, which is no fault of the job.
 */
export type AttemptEnd = 'finished' | 'crashed' | 'killed' | 'drained' | 'unavailable'

/** One try at a job. Its epoch is claimed in the store, so no two tries share one. */
export interface AttemptRecord {
  attempt: number
  startedAt: string
  /** The step of the checkpoint that it went on from; 0 for a fresh start. */
  resumedFrom: number
  phase: Phase
  /** null while it runs, as far as the record knows. */
  endedAt: string | null
  end: AttemptEnd | null
  /** How a trainer that died went, and what it printed last. */
  outputTail: string | null
}

export interface JobRecord {
  manifest: JobManifest
  /** Oldest first. */
  attempts: AttemptRecord[]
  /** Which variables began with the weights of `initFrom`, as soon as an attempt knows. */
  initialized: InitReport | null
  lifecycle: Lifecycle
  /** As in `life`: null until it has ended, and again once it is retried. */
  result: JobResult | null
}

export const initialRecord = (manifest: JobManifest): JobRecord => ({
  manifest,
  attempts: [],
  initialized: null,
  lifecycle: initialLifecycle(manifest.createdAt),
  result: null,
})

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
    return this.store.createJson<JobManifest>(jobPaths(manifest.id).manifest, manifest)
  }

  ids(): Promise<string[]> {
    return this.store.list('jobs')
  }

  /** What a job is and where it stands; null where there is none. */
  async summary(id: string): Promise<Pick<JobRecord, 'manifest' | 'lifecycle'> | null> {
    const manifest = await this.store.readJson<JobManifest>(jobPaths(id).manifest)
    return manifest && { manifest, lifecycle: await this.journal.read(id, manifest.createdAt) }
  }

  async manifest(id: string): Promise<JobManifest> {
    if (!isJobId(id)) throw jobNotFound(id)
    const manifest = await this.store.readJson<JobManifest>(jobPaths(id).manifest)
    if (!manifest) throw jobNotFound(id)
    return manifest
  }

  async read(id: string): Promise<JobRecord> {
    const manifest = await this.manifest(id)
    const [attempts, initialized, lifecycle] = await Promise.all([
      this.attempts(id),
      this.store.readJson<InitReport>(jobPaths(id).initialized),
      this.journal.read(id, manifest.createdAt),
    ])
    if (lifecycle.state === 'removed') throw jobNotFound(id)
    return { manifest, attempts, initialized, lifecycle, result: lifecycle.result }
  }

  /** Adds to a job's journal; not allowed, and nothing changed, where the table of states forbids it. */
  async apply(
    id: string,
    entry: JournalEntry,
  ): Promise<{ allowed: boolean; lifecycle: Lifecycle }> {
    return this.journal.append(id, (await this.manifest(id)).createdAt, entry)
  }

  /** Claimed attempts that have begun, oldest first. */
  async attempts(id: string): Promise<AttemptRecord[]> {
    const attemptNumbers = await this.attemptNumbers(id)
    const read = attemptNumbers.map(attempt =>
      this.store.readJson<AttemptRecord>(jobPaths(id).status(attempt)),
    )
    return (await Promise.all(read)).filter(attempt => attempt !== null)
  }

  /** All claims, oldest first: of attempts that have begun, and of those that were given up instead. */
  async claims(id: string): Promise<{ attempt: number }[]> {
    return (await this.attemptNumbers(id)).map(attempt => ({ attempt }))
  }

  /** Claims the next attempt number, the fencing token. Older attempts may no longer write (see `isCurrent`). */
  async claimAttempt(id: string): Promise<number> {
    for (let attempt = ((await this.attemptNumbers(id)).at(-1) ?? 0) + 1; ; attempt++) {
      if (await this.store.claim(jobPaths(id).claim(attempt))) return attempt
    }
  }

  async isCurrent(id: string, attempt: number): Promise<boolean> {
    return (await this.attemptNumbers(id)).at(-1) === attempt
  }

  async writeAttempt(id: string, attemptRecord: AttemptRecord): Promise<void> {
    await this.store.replaceJson<AttemptRecord>(
      jobPaths(id).status(attemptRecord.attempt),
      attemptRecord,
    )
  }

  /** The end of a job that an attempt has brought about: false where it has ended already. */
  async finish(id: string, result: JobResult & { status: 'succeeded' | 'failed' }) {
    const { status, attempt, finishedAt: at } = result
    const event = status === 'succeeded' ? 'succeed' : 'fail'
    return (await this.apply(id, { event, at, attempt, result })).allowed
  }

  /** Every attempt finds the same: the first one says it. */
  async writeInitialized(id: string, report: InitReport): Promise<void> {
    await this.store.createJson<InitReport>(jobPaths(id).initialized, report)
  }

  /** With how many threads all attempts compute: sums come out the same. The first one says it. */
  async agreeOnThreads(id: string, proposed: number): Promise<number> {
    await this.store.createJson<{ threads: number }>(jobPaths(id).threads, { threads: proposed })
    const agreed = await this.store.readJson<{ threads: number }>(jobPaths(id).threads)
    return agreed?.threads ?? proposed
  }

  async remove(id: string): Promise<void> {
    await this.store.remove(jobPaths(id).root)
  }

  private async attemptNumbers(id: string): Promise<number[]> {
    const names = await this.store.list(jobPaths(id).attempts)
    return names.map(Number).sort((a, b) => a - b)
  }
}
