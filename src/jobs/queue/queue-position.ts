import type { Redis } from 'ioredis'
import type { Job } from '../../spec/job.js'
import type { JobRecords } from '../record/records.js'
import { etaSeconds } from './eta.js'
import type { JobIndex } from './job-index.js'
import { readLive } from './live-state.js'
import type { JobQueue } from './queue.js'

/** For so long what runs is not looked at again: a page of queued jobs asks once. */
const freshMs = 1000

interface Parts {
  redis: Redis
  prefix: string
  index: JobIndex
  queue: JobQueue
  records: JobRecords
}

/** Where a queued job stands in line, and when its turn comes, as far as what runs now tells. */
export class Waiting {
  private ends: { at: number; seconds: Promise<number[]> } | null = null

  constructor(private readonly parts: Parts) {}

  /** null where Redis does not say: it is away, or a worker has just taken the job. */
  async place(id: string): Promise<Job['queue']> {
    const position = await this.parts.queue.position(id).catch(() => null)
    if (position === null) return null
    const ends = await this.runningEnds()
    // the n-th slot to become free is for the n-th in line; beyond that, jobs that have not begun decide
    return { position, startsInSeconds: ends[position - 1] ?? null }
  }

  private runningEnds(): Promise<number[]> {
    const now = performance.now()
    if (!this.ends || now - this.ends.at > freshMs) {
      this.ends = { at: now, seconds: this.lookAtRunning().catch(() => []) }
    }
    return this.ends.seconds
  }

  /** Soonest first; none where one that runs cannot tell: it may be the first to end. */
  private async lookAtRunning(): Promise<number[]> {
    const { redis, prefix, index, records } = this.parts
    const seconds = await Promise.all(
      (await index.having('running')).map(async id => {
        const live = await readLive(redis, prefix, id)
        return live && etaSeconds({ manifest: await records.manifest(id) }, live)
      }),
    )
    const known = seconds.filter(eta => eta !== null)
    return known.length === seconds.length ? known.sort((a, b) => a - b) : []
  }
}
