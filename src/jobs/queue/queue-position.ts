import type { Redis } from 'ioredis'
import type { Job, JobManifest } from '../../spec/job.js'
import { needsOf } from '../../spec/needs.js'
import type { JobIndex } from './job-index.js'
import { etaSeconds, readLiveState } from './live-state.js'
import type { JobQueue } from './queue.js'

/** A page of queued jobs computes the estimates of the running jobs once. */
const cacheMs = 1000

interface QueuePositionDeps {
  redis: Redis
  prefix: string
  index: JobIndex
  queue: JobQueue
}

/** Queue positions of queued jobs, and estimates of when they start. */
export class QueuePositions {
  private cachedEtas: { at: number; seconds: Promise<number[]> } | null = null

  constructor(private readonly deps: QueuePositionDeps) {}

  /** Null if Redis is away or a worker has just taken the job. */
  async position(job: JobManifest): Promise<Job['queue']> {
    const position = await this.deps.queue.position(job.id).catch(() => null)
    if (position === null) return null
    // a worker that has what it needs may take other jobs first
    if (needsOf(job) !== null) return { position, startsInSeconds: null }
    const etas = await this.runningEtas()
    // the n-th running job to end makes room for the n-th queued job; later starts cannot be
    // estimated
    return { position, startsInSeconds: etas[position - 1] ?? null }
  }

  private runningEtas(): Promise<number[]> {
    const now = performance.now()
    if (!this.cachedEtas || now - this.cachedEtas.at > cacheMs) {
      this.cachedEtas = { at: now, seconds: this.estimateRunningEtas().catch(() => []) }
    }
    return this.cachedEtas.seconds
  }

  /**
   * Seconds until each running job ends, ascending. Empty if one of them has no estimate: it may
   * end first.
   */
  private async estimateRunningEtas(): Promise<number[]> {
    const { redis, prefix, index } = this.deps
    const seconds = await Promise.all(
      (await index.idsWithStatus('running')).map(async id => {
        const live = await readLiveState(redis, prefix, id)
        return live && etaSeconds(live)
      }),
    )
    const known = seconds.filter(eta => eta !== null)
    return known.length === seconds.length ? known.sort((a, b) => a - b) : []
  }
}
