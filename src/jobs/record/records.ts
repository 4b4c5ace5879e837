import type { FailureCode } from '../../spec/failure-codes.js'
import { isJobId } from '../../spec/identifiers.js'
import type { InitReport } from '../../spec/init-from.js'
import type { JobManifest, Metrics, Phase } from '../../spec/job.js'
import type { MemoryEstimate } from '../../spec/memory-estimate.js'
import type { Store } from '../../store/store.js'
import { jobNotFound } from './errors.js'
import { jobPaths } from './job-paths.js'
import { Journal } from './journal.js'
import { initialLifecycle, type JobResult, type JournalEntry, type Lifecycle } from './lifecycle.js'
import { SharedCalls } from './shared-calls.js'

/**
 * `crashed`: the trainer exited with an error, or native code crashed. `killed`: from outside, or with
 * its worker. `drained`: it stopped on request after a checkpoint. `unavailable`: the machine failed, such
 * as its disk, which does not count against the job.
 */
export type AttemptEnd = 'finished' | 'crashed' | 'killed' | 'drained' | 'unavailable'

/** How far an attempt has come. */
export interface AttemptProgress {
  /** The last step that was done. */
  step: number
  /** The latest value of each metric, including those of before it resumed. */
  metrics: Metrics
}

/** One attempt to run a job. */
export interface AttemptRecord {
  /**
   * Counts from 1. The store grants each number once, so it is also the fencing token: the highest
   * number owns the job.
   */
  attempt: number
  startedAt: string
  /** The step of the checkpoint it resumed from; 0 without one. */
  resumedFrom: number
  phase: Phase
  /**
   * As of the last change of phase, checkpoint or end; the metrics log may have newer rows. Absent
   * in the records of older versions.
   */
  progress?: AttemptProgress
  /** The estimate for a network's job, when the attempt has built its graph. */
  memory?: MemoryEstimate
  /** Null while the attempt runs, and if its worker died before it could record the end. */
  endedAt: string | null
  end: AttemptEnd | null
  /** How a trainer that did not report a result ended, in one line. */
  outputTail: string | null
  /** The failure code of a job whose attempts all end like this one. Old records have none. */
  cause?: FailureCode | null
}

export interface JobRecord {
  manifest: JobManifest
  /** Oldest first. */
  attempts: AttemptRecord[]
  /** Which variables got their weights from `initFrom`; null until an attempt has loaded them. */
  initialized: InitReport | null
  lifecycle: Lifecycle
  /** The same as `lifecycle.result`. */
  result: JobResult | null
}

/** The estimated memory of a job's trainer; null if it is not known yet. */
export const memoryOf = ({
  manifest,
  attempts,
}: Pick<JobRecord, 'manifest' | 'attempts'>): MemoryEstimate | null =>
  manifest.memory ?? attempts.findLast(({ memory }) => memory)?.memory ?? null

export const initialRecord = (manifest: JobManifest): JobRecord => ({
  manifest,
  attempts: [],
  initialized: null,
  lifecycle: initialLifecycle(manifest.createdAt),
  result: null,
})

/**
 * The durable record of jobs. No two writers change the same file: a manifest and each journal
 * entry are created once, and only an attempt's worker writes its status.
 */
export class JobRecords {
  private readonly journal: Journal
  private readonly reads = new SharedCalls<JobRecord>()

  constructor(private readonly store: Store) {
    this.journal = new Journal(store)
  }

  /** Returns false if the job exists. */
  create(manifest: JobManifest): Promise<boolean> {
    return this.store.createJson<JobManifest>(jobPaths(manifest.id).manifest, manifest)
  }

  ids(): Promise<string[]> {
    return this.store.list('jobs')
  }

  /** Reads only the manifest and the journal. Returns null if there is no such job. */
  async summary(id: string): Promise<Pick<JobRecord, 'manifest' | 'lifecycle'> | null> {
    const manifest = await this.store.readJson<JobManifest>(jobPaths(id).manifest)
    return manifest && { manifest, lifecycle: await this.journal.read(id, manifest.createdAt) }
  }

  /** Throws `JOB_NOT_FOUND` if there is no such job. */
  async manifest(id: string): Promise<JobManifest> {
    if (!isJobId(id)) throw jobNotFound(id)
    const manifest = await this.store.readJson<JobManifest>(jobPaths(id).manifest)
    if (!manifest) throw jobNotFound(id)
    return manifest
  }

  /** Throws `JOB_NOT_FOUND` if there is no such job. */
  read(id: string): Promise<JobRecord> {
    return this.reads.run(id, () => this.readNow(id))
  }

  private async readNow(id: string): Promise<JobRecord> {
    const manifest = await this.manifest(id)
    const [attempts, initialized, lifecycle] = await Promise.all([
      this.attempts(id),
      this.store.readJson<InitReport>(jobPaths(id).initialized),
      this.journal.read(id, manifest.createdAt),
    ])
    if (lifecycle.state === 'removed') throw jobNotFound(id)
    return { manifest, attempts, initialized, lifecycle, result: lifecycle.result }
  }

  /** Appends to the job's journal, unless the transition table forbids the entry. */
  async apply(
    id: string,
    entry: JournalEntry,
  ): Promise<{ allowed: boolean; lifecycle: Lifecycle }> {
    return this.journal.append(id, (await this.manifest(id)).createdAt, entry)
  }

  /** Attempts that have started, oldest first. */
  async attempts(id: string): Promise<AttemptRecord[]> {
    const attemptNumbers = await this.attemptNumbers(id)
    const read = attemptNumbers.map(attempt =>
      this.store.readJson<AttemptRecord>(jobPaths(id).status(attempt)),
    )
    return (await Promise.all(read)).filter(attempt => attempt !== null)
  }

  /**
   * All claimed attempt numbers, oldest first. An attempt may end before it starts, so it may have
   * no record.
   */
  async claims(id: string): Promise<{ attempt: number }[]> {
    return (await this.attemptNumbers(id)).map(attempt => ({ attempt }))
  }

  /**
   * Claims the next attempt number, the fencing token. Older attempts may no longer write (see
   * `isCurrent`).
   */
  async claimAttempt(id: string): Promise<number> {
    for (let attempt = ((await this.attemptNumbers(id)).at(-1) ?? 0) + 1; ; attempt++) {
      if (await this.store.claim(jobPaths(id).claim(attempt))) return attempt
    }
  }

  /** Returns whether no newer attempt exists. */
  async isCurrent(id: string, attempt: number): Promise<boolean> {
    return (await this.attemptNumbers(id)).at(-1) === attempt
  }

  async writeAttempt(id: string, attemptRecord: AttemptRecord): Promise<void> {
    await this.store.replaceJson<AttemptRecord>(
      jobPaths(id).status(attemptRecord.attempt),
      attemptRecord,
    )
  }

  /** Ends the job. Returns false if it has ended already, or a newer attempt owns it. */
  async finish(id: string, result: JobResult & { status: 'succeeded' | 'failed' }) {
    const { status, attempt, finishedAt: at } = result
    const event = status === 'succeeded' ? 'succeed' : 'fail'
    return (await this.apply(id, { event, at, attempt, result })).allowed
  }

  /** All attempts would report the same, so only the first report is stored. */
  async writeInitialized(id: string, report: InitReport): Promise<void> {
    await this.store.createJson<InitReport>(jobPaths(id).initialized, report)
  }

  /**
   * Fixes the thread count for all attempts of a job, so that they add numbers in the same order.
   * The first proposal wins.
   */
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
