import type { Redis } from 'ioredis'
import type { Job } from '../../spec/job.js'
import type { JobRecords } from '../record/records.js'
import { etaSeconds } from './eta.js'
import type { JobIndex } from './job-index.js'
import { readLiveState } from './live-state.js'
import type { JobQueue } from './queue.js'

/** For so long what runs is not looked at again: a page of queued jobs asks once. */
const cacheMs = 1000

interface QueuePositionDeps {
  redis: Redis
  prefix: string
  index: JobIndex
  queue: JobQueue
  records: JobRecords
}

/** Where a queued job stands in line, and when its turn comes, as far as what runs now tells. */
export class QueuePositions {
  private cachedEtas: { at: number; seconds: Promise<number[]> } | null = null

  constructor(private readonly deps: QueuePositionDeps) {}

  /** null where Redis does not say: it is away, or a worker has just taken the job. */
  async position(id: string): Promise<Job['queue']> {
    const position = await this.deps.queue.position(id).catch(() => null)
    if (position === null) return null
    const etas = await this.runningEtas()
    // the n-th slot to become free is for the n-th in line; beyond that, jobs that have not begun decide
    return { position, startsInSeconds: etas[position - 1] ?? null }
  }

  private runningEtas(): Promise<number[]> {
    const now = performance.now()
    if (!this.cachedEtas || now - this.cachedEtas.at > cacheMs) {
      this.cachedEtas = { at: now, seconds: this.estimateRunningEtas().catch(() => []) }
    }
    return this.cachedEtas.seconds
  }

  /** Soonest first; none where one that runs cannot tell: it may be the first to end. */
  private async estimateRunningEtas(): Promise<number[]> {
    const { redis, prefix, index, records } = this.deps
    const seconds = await Promise.all(
      (await index.idsWithStatus('running')).map(async id => {
        const live = await readLiveState(redis, prefix, id)
        return live && etaSeconds({ manifest: await records.manifest(id) }, live)
      }),
    )
    const known = seconds.filter(eta => eta !== null)
    return known.length === seconds.length ? known.sort((a, b) => a - b) : []
  }
}
