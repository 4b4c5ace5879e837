import { isMissing, nullIfDamaged, TrainyardError } from '../errors.js'
import type { Logger } from '../log.js'
import type { JobManifest } from '../spec/job.js'
import type { Store } from '../store/store.js'
import { Checkpoints } from './record/checkpoints.js'
import { type JobRecord, JobRecords } from './record/records.js'
import { isTerminal } from './record/states.js'

const sweepIntervalMs = 3600_000
const msPerDay = 24 * 3600_000

export interface RetentionDeps {
  store: Store
  /** How long an ended job keeps its checkpoints; null: for ever. */
  keepDays: number | null
  log: Pick<Logger, 'info' | 'warn'>
}

/**
 * Removes checkpoints of jobs that ended some days ago, at the start and every hour. A job that can be retried
 * keeps the checkpoints that a retry needs, and models stay. What an unfinished job starts from stays too.
 * Any number of processes may do this for the same data folder.
 */
export class CheckpointRetention {
  /** Removed by this process since its start. */
  readonly removed = { checkpoints: 0, bytes: 0 }
  private readonly records: JobRecords
  private readonly checkpoints: Checkpoints
  private timer: NodeJS.Timeout | null = null
  private running: Promise<void> = Promise.resolve()
  private closed = false

  constructor(private readonly deps: RetentionDeps) {
    this.records = new JobRecords(deps.store)
    this.checkpoints = new Checkpoints(deps.store)
  }

  /** Sweeps now and every hour, unless checkpoints are kept for ever. */
  start(): void {
    if (this.deps.keepDays === null) return
    this.timer = setInterval(() => this.startSweep(), sweepIntervalMs)
    this.startSweep()
  }

  /** Resolves after a sweep that runs has ended. */
  async close(): Promise<void> {
    this.closed = true
    if (this.timer) clearInterval(this.timer)
    await this.running
  }

  private startSweep(): void {
    this.running = this.running.then(() =>
      this.sweep(Date.now()).catch((err: Error) => {
        this.deps.log.warn({ err }, 'could not remove old checkpoints; trying again in an hour')
      }),
    )
  }

  /** Removes what is too old at the time `now`, in ms since the epoch. */
  async sweep(now: number): Promise<void> {
    const { keepDays } = this.deps
    if (keepDays === null) return
    const sources = new SourcesOfUnfinishedJobs(this.records)
    for (const id of await this.records.ids()) {
      if (this.closed) return
      // most jobs have lost theirs in an earlier sweep
      if (!(await this.checkpoints.exist(id))) continue
      const record = await this.records.read(id).catch(nullIfGoneOrDamaged)
      if (!record?.result) continue
      const endedDaysAgo = (now - Date.parse(record.result.finishedAt)) / msPerDay
      if (endedDaysAgo > keepDays) await this.removeOf(record, sources, new Date(now).toISOString())
    }
  }

  private async removeOf(
    record: JobRecord,
    sources: SourcesOfUnfinishedJobs,
    at: string,
  ): Promise<void> {
    const { id, name } = record.manifest
    const needed = await this.checkpoints.neededAfterEnd(record)
    const unneeded = (await this.checkpoints.steps(id)).filter(step => !needed.has(step))
    if (unneeded.length === 0) return
    const used = await sources.stepsOf(id)
    const steps = unneeded.filter(step => !used.has(step))
    if (steps.length === 0) return
    // told first, so that no checkpoint is gone without a word; on a full disk, the removal makes room for it
    const tell = () => this.records.addRemovedCheckpoints(id, { at, steps })
    const isTold = await tell().then(() => true, falseIfFull)
    const bytes = await this.checkpoints.remove(id, steps)
    if (!isTold) await tell()
    this.removed.checkpoints += steps.length
    this.removed.bytes += bytes
    this.deps.log.info(
      { job: id, jobName: name, steps, bytes, keptDays: this.deps.keepDays },
      'removed checkpoints of a job that has ended (TRAINYARD_CHECKPOINT_DAYS)',
    )
  }
}

/** The checkpoints that unfinished jobs start from. Jobs that are submitted during a sweep are read too. */
class SourcesOfUnfinishedJobs {
  private readonly seen = new Set<string>()
  private readonly steps = new Map<string, Set<number>>()

  constructor(private readonly records: JobRecords) {}

  async stepsOf(job: string): Promise<ReadonlySet<number>> {
    for (const id of await this.records.ids()) {
      if (this.seen.has(id)) continue
      this.seen.add(id)
      const found = await this.records.summary(id).catch(nullIfDamaged)
      if (found && !isTerminal(found.lifecycle.state)) this.add(found.manifest)
    }
    return this.steps.get(job) ?? new Set()
  }

  private add({ initFrom }: JobManifest): void {
    if (!initFrom || !('job' in initFrom)) return
    const steps = this.steps.get(initFrom.job) ?? new Set()
    this.steps.set(initFrom.job, steps.add(initFrom.step))
  }
}

/** For a job that is deleted meanwhile, and one that is damaged: what it needs is unknown. */
function nullIfGoneOrDamaged(error: unknown): null {
  return isMissing(error) ? null : nullIfDamaged(error)
}

function falseIfFull(error: unknown): false {
  if (error instanceof TrainyardError && error.code === 'STORAGE_FULL') return false
  throw error
}
