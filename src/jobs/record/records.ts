import { isDeepStrictEqual } from 'node:util'
import { DamagedError, nullIfDamaged } from '../../errors.js'
import type { RemovedCheckpoints } from '../../spec/checkpoint.js'
import type { ConvKernelTable } from '../../spec/conv-kernels.js'
import { isJobId } from '../../spec/identifiers.js'
import type { InitReport } from '../../spec/init-from.js'
import { isBoosting, type JobManifest } from '../../spec/job.js'
import type { MemoryEstimate } from '../../spec/memory-estimate.js'
import { devicesOf, workersOf } from '../../spec/resources.js'
import type { TrainingKernels } from '../../spec/training-kernels.js'
import type { Store } from '../../store/store.js'
import type { AttemptRecord } from './attempt-record.js'
import { jobNotFound } from './errors.js'
import { type EditableFields, editableFieldsOf, JobEdits } from './job-edits.js'
import { jobPaths } from './job-paths.js'
import { Journal } from './journal.js'
import { initialLifecycle, type JobResult, type JournalEntry, type Lifecycle } from './lifecycle.js'
import {
  type AnnouncedPredictions,
  agreedKernels,
  agreedModelName,
  agreedThreads,
  announcedPredictions,
  attemptRecord,
  convKernelTable,
  initReport,
  jobManifest,
  removedCheckpoints as removedCheckpointsShape,
} from './record-shapes.js'
import { linkRun, unlinkRun } from './run-links.js'
import { SharedCalls } from './shared-calls.js'

export type { AttemptEnd, AttemptProgress, AttemptRecord } from './attempt-record.js'

export interface JobRecord {
  manifest: JobManifest
  /** Oldest first. */
  attempts: AttemptRecord[]
  /** Which variables got their weights from `initFrom`; null until an attempt has loaded them. */
  initialized: InitReport | null
  /** Null unless checkpoints were removed some days after the job ended. */
  removedCheckpoints: RemovedCheckpoints | null
  lifecycle: Lifecycle
  /** The same as `lifecycle.result`. */
  result: JobResult | null
}

/** The estimated memory of a job's trainer; null if it is not known yet, as after a change of its workers or devices. */
export function memoryOf({
  manifest,
  attempts,
}: Pick<JobRecord, 'manifest' | 'attempts'>): MemoryEstimate | null {
  const isAlike = ({ resources }: AttemptRecord) =>
    resources === undefined ||
    isDeepStrictEqual(placesOf({ resources: resources ?? {} }), placesOf(manifest))
  const estimate = attempts.findLast(attempt => attempt.memory && isAlike(attempt))?.memory
  return manifest.memory ?? estimate ?? null
}

const placesOf = (job: Pick<JobManifest, 'resources'>) => [workersOf(job), devicesOf(job)]

/** The memory that a job takes for itself: its estimate, or what it asks for if that is more; null if unknown. */
export function memoryNeedOf(record: Pick<JobRecord, 'manifest' | 'attempts'>): number | null {
  const asked = record.manifest.resources?.memoryBytes ?? null
  const estimated = memoryOf(record)?.totalBytes ?? null
  return asked === null || estimated === null ? (asked ?? estimated) : Math.max(asked, estimated)
}

export const initialRecord = (manifest: JobManifest): JobRecord => ({
  manifest,
  attempts: [],
  initialized: null,
  removedCheckpoints: null,
  lifecycle: initialLifecycle(manifest.createdAt),
  result: null,
})

/**
 * The durable record of jobs. No two writers change the same file: a manifest and each journal
 * entry are created once, and only an attempt's worker writes its status.
 */
export class JobRecords {
  private readonly journal: Journal
  private readonly edits: JobEdits
  private readonly reads = new SharedCalls<JobRecord>()

  constructor(private readonly store: Store) {
    this.journal = new Journal(store)
    this.edits = new JobEdits(store)
  }

  /** Returns false if the job exists. */
  create(manifest: JobManifest): Promise<boolean> {
    return this.store.createJson<JobManifest>(jobPaths(manifest.id).manifest, manifest)
  }

  /** Ids of the folders that have the name of a job; other names are passed over. */
  async ids(): Promise<string[]> {
    return (await this.store.list('jobs')).filter(isJobId)
  }

  /**
   * Reads only the manifest and the journal. Returns null if there is no such job. Throws a DamagedError if one of
   * them is damaged.
   */
  async summary(id: string): Promise<Pick<JobRecord, 'manifest' | 'lifecycle'> | null> {
    const manifest = await this.findManifest(id)
    if (!manifest) return null
    const lifecycle = await this.journal.read(id, manifest.createdAt)
    if (lifecycle.version === 0) await this.assertJournalComplete(manifest, lifecycle)
    return { manifest, lifecycle }
  }

  /** Throws `JOB_NOT_FOUND` if there is no such job. */
  async manifest(id: string): Promise<JobManifest> {
    const manifest = isJobId(id) ? await this.findManifest(id) : null
    if (!manifest) throw jobNotFound(id)
    return manifest
  }

  private async findManifest(id: string): Promise<JobManifest | null> {
    const paths = jobPaths(id)
    const manifest = await this.store.readJson<JobManifest>(paths.manifest, jobManifest)
    if (!manifest) return this.assertGone(id)
    if (manifest.id === id) return this.edits.applyTo(manifest)
    throw new DamagedError(paths.manifest, `is the manifest of ${manifest.id}`)
  }

  /**
   * A job without a manifest is gone, unless it has a journal: then only its manifest is lost. A folder without
   * both holds what a worker wrote while its job was deleted.
   */
  private async assertGone(id: string): Promise<null> {
    const paths = jobPaths(id)
    if ((await this.store.list(paths.journal)).length === 0) return null
    // a deletion between the two reads removes both
    if (await this.store.readJson<JobManifest>(paths.manifest)) return null
    if ((await this.store.list(paths.journal)).length === 0) return null
    throw new DamagedError(paths.manifest, 'is missing')
  }

  /** Throws `JOB_NOT_FOUND` if there is no such job, and a DamagedError if its record is damaged. */
  read(id: string): Promise<JobRecord> {
    return this.reads.run(id, () => this.readNow(id))
  }

  private async readNow(id: string): Promise<JobRecord> {
    const manifest = await this.manifest(id)
    const paths = jobPaths(id)
    const [attempts, initialized, removedCheckpoints, lifecycle] = await Promise.all([
      this.attempts(id),
      this.store.readJson<InitReport>(paths.initialized, initReport),
      this.store.readJson<RemovedCheckpoints>(paths.removedCheckpoints, removedCheckpointsShape),
      this.journal.read(id, manifest.createdAt),
    ])
    if (lifecycle.state === 'removed') throw jobNotFound(id)
    const newest = attempts.at(-1)?.attempt ?? 0
    if (newest > lifecycle.attempt) await this.assertJournalComplete(manifest, lifecycle)
    const { result } = lifecycle
    return { manifest, attempts, initialized, removedCheckpoints, lifecycle, result }
  }

  /** An attempt writes its record after its start is in the journal, so a journal without it has lost entries. */
  private async assertJournalComplete(
    { id, createdAt }: JobManifest,
    lifecycle: Lifecycle,
  ): Promise<void> {
    const newest = (await this.attempts(id)).at(-1)?.attempt ?? 0
    if (newest <= lifecycle.attempt) return
    // the attempt may have started after the first read
    if ((await this.journal.read(id, createdAt)).attempt >= newest) return
    throw new DamagedError(jobPaths(id).journal, `lacks the start of attempt ${newest}`)
  }

  /** Appends to the job's journal, unless the transition table forbids the entry. */
  async apply(
    id: string,
    entry: JournalEntry,
  ): Promise<{ allowed: boolean; lifecycle: Lifecycle }> {
    return this.journal.append(id, (await this.manifest(id)).createdAt, entry)
  }

  /**
   * Changes the name, labels, priority or resources. `change` gets them as they are, the manifest that has them, and
   * the job's state; it may throw, and may be called again if another change comes first. Returns whether anything
   * changed.
   */
  async edit(
    id: string,
    change: (
      fields: EditableFields,
      lifecycle: Lifecycle,
      manifest: JobManifest,
    ) => EditableFields | Promise<EditableFields>,
  ): Promise<boolean> {
    for (;;) {
      const manifest = await this.manifest(id)
      const lifecycle = await this.journal.read(id, manifest.createdAt)
      if (lifecycle.state === 'removed') throw jobNotFound(id)
      const before = editableFieldsOf(manifest)
      const after = await change(before, lifecycle, manifest)
      if (isDeepStrictEqual(before, after)) return false
      if (!(await this.edits.add(manifest, after))) continue
      // on a file system without links there is none to rename
      if (after.name !== before.name) {
        await linkRun(this.store, { id, name: after.name }).catch(() => {})
      }
      return true
    }
  }

  /**
   * The manifest that an attempt runs, whose start has just been added to the journal of the record. A change that was
   * decided before the start may come after this, and then counts from the next attempt on. For trees, of which the
   * first attempt fixes the number of workers, it comes too late: this adds an edit that changes nothing, and whoever
   * comes after it sees the start.
   */
  async manifestOfStarted({ manifest: { id }, lifecycle }: JobRecord): Promise<JobManifest> {
    for (;;) {
      const manifest = await this.manifest(id)
      if (!isBoosting(manifest) || lifecycle.attempt > 0) return manifest
      if (await this.edits.add(manifest, editableFieldsOf(manifest))) return manifest
    }
  }

  /** Attempts that have started, oldest first. */
  async attempts(id: string): Promise<AttemptRecord[]> {
    const attemptNumbers = await this.attemptNumbers(id)
    const found = await Promise.all(attemptNumbers.map(attempt => this.readAttempt(id, attempt)))
    return found.filter(attempt => attempt !== null)
  }

  private async readAttempt(id: string, attempt: number): Promise<AttemptRecord | null> {
    const key = jobPaths(id).status(attempt)
    const found = await this.store.readJson<AttemptRecord>(key, attemptRecord)
    if (!found || found.attempt === attempt) return found
    throw new DamagedError(key, `is the record of attempt ${found.attempt}`)
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

  /** Ends the job. It is not allowed if the job has ended already, or a newer attempt owns it. */
  finish(
    id: string,
    result: JobResult & { status: 'succeeded' | 'failed' },
  ): Promise<{ allowed: boolean; lifecycle: Lifecycle }> {
    const { status, attempt, finishedAt: at } = result
    const event = status === 'succeeded' ? 'succeed' : 'fail'
    return this.apply(id, { event, at, attempt, result })
  }

  /** All attempts would report the same, so only the first report is stored. */
  async writeInitialized(id: string, report: InitReport): Promise<void> {
    await this.store.createJson<InitReport>(jobPaths(id).initialized, report)
  }

  /** Adds to the record of the checkpoints that a job has no more. */
  async addRemovedCheckpoints(id: string, { at, steps }: RemovedCheckpoints): Promise<void> {
    const key = jobPaths(id).removedCheckpoints
    const before = await this.store.readJson<RemovedCheckpoints>(key, removedCheckpointsShape)
    const all = [...new Set([...(before?.steps ?? []), ...steps])].sort((a, b) => a - b)
    await this.store.replaceJson<RemovedCheckpoints>(key, { at, steps: all })
  }

  /**
   * Fixes the thread count for all attempts of a job, so that they add numbers in the same order.
   * The first proposal wins.
   */
  async agreeOnThreads(id: string, proposed: number): Promise<number> {
    const key = jobPaths(id).threads
    await this.store.createJson<{ threads: number }>(key, { threads: proposed })
    return (await this.threads(id)) ?? proposed
  }

  /** The thread count that the attempts of a job agreed on; null before they did. */
  async threads(id: string): Promise<number | null> {
    const agreed = await this.store.readJson(jobPaths(id).threads, agreedThreads)
    return agreed?.threads ?? null
  }

  /** Fixes whose kernels all attempts of a job run, as far as their machines have them. The first proposal wins. */
  async agreeOnKernels(id: string, proposed: TrainingKernels): Promise<TrainingKernels> {
    const key = jobPaths(id).kernels
    await this.store.createJson<{ kernels: TrainingKernels }>(key, { kernels: proposed })
    const agreed = await this.store.readJson(key, agreedKernels)
    return agreed?.kernels ?? proposed
  }

  /** The kernels of convolutions that the attempts of a job agreed on; null before they did. */
  async convKernels(id: string): Promise<ConvKernelTable | null> {
    return this.store.readJson(jobPaths(id).convolutions, convKernelTable)
  }

  /** Fixes the kernels of the convolutions for all attempts of a job, on whatever machine. The first proposal wins. */
  async agreeOnConvKernels(id: string, proposed: ConvKernelTable): Promise<ConvKernelTable> {
    await this.store.createJson<ConvKernelTable>(jobPaths(id).convolutions, proposed)
    return (await this.convKernels(id)) ?? proposed
  }

  /** Fixes the name of the job's model: all attempts that publish get the same. The first proposal wins. */
  async agreeOnModelName(id: string, proposed: string): Promise<string> {
    const key = jobPaths(id).modelName
    await this.store.createJson<{ name: string }>(key, { name: proposed })
    return (await this.modelName(id)) ?? proposed
  }

  /** The name of the model that a job has begun to publish; null before. */
  async modelName(id: string): Promise<string | null> {
    const agreed = await this.store.readJson(jobPaths(id).modelName, agreedModelName)
    return agreed?.name ?? null
  }

  /** Call before the data set is stored: a trainer that dies then leaves word of it. */
  async announcePredictions(
    id: string,
    attempt: number,
    announced: AnnouncedPredictions,
  ): Promise<void> {
    const key = jobPaths(id).predictions(attempt)
    await this.store.replaceJson<AnnouncedPredictions>(key, announced)
  }

  /** The data sets that the attempts of a job have begun to store, the last one first. */
  async predictions(id: string): Promise<AnnouncedPredictions[]> {
    const found: AnnouncedPredictions[] = []
    for (const attempt of (await this.attemptNumbers(id)).toReversed()) {
      const key = jobPaths(id).predictions(attempt)
      const announced = await this.store.readJson(key, announcedPredictions).catch(nullIfDamaged)
      if (announced) found.push(announced)
    }
    return found
  }

  async remove(id: string): Promise<void> {
    await unlinkRun(this.store, id)
    await this.store.remove(jobPaths(id).root)
  }

  private async attemptNumbers(id: string): Promise<number[]> {
    const names = await this.store.list(jobPaths(id).attempts)
    return names
      .filter(name => /^[1-9]\d{0,8}$/.test(name))
      .map(Number)
      .sort((a, b) => a - b)
  }
}
