import { type Job, WaitingError, Worker } from 'bullmq'
import type { Nudges } from '../src/jobs/nudges.js'
import { bullConnection, patient, type RedisHome, redisNames } from '../src/jobs/redis.js'
import { JobRun, type RunParts } from './run-job.js'
import type { Slots } from './slots.js'

export interface ConsumerParts extends Omit<RunParts, 'trainer'> {
  redis: RedisHome
  nudges: Nudges
  slots: Slots
  onError(error: Error): void
}

/** Takes jobs from the queue as slots are free. Settings and their reasons: CONTRIBUTING.md, "The queue". */
export class Consumer {
  private readonly runs = new Map<string, JobRun>()
  private readonly worker: Worker
  private draining = false

  constructor(private readonly parts: ConsumerParts) {
    const names = redisNames(parts.redis.prefix)
    this.worker = new Worker(names.queue, (job: Job, token?: string) => this.take(job, token), {
      prefix: names.bullmq,
      connection: bullConnection(parts.redis, patient),
      autorun: false,
      concurrency: parts.slots.count,
      lockDuration: 60_000,
      lockRenewTime: 15_000,
      stalledInterval: 15_000,
      maxStalledCount: 1_000_000,
      drainDelay: 5,
      runRetryDelay: 2000,
    })
    this.worker.on('error', parts.onError)
    // trouble around a job, not in it: the reconciler queues it again
    this.worker.on('failed', (_job, error) => parts.onError(error))
    this.worker.on('lockRenewalFailed', ids => {
      for (const id of ids) this.runs.get(id)?.abandon()
    })
  }

  start(): void {
    this.worker.run().catch(this.parts.onError)
  }

  /** Running jobs make a checkpoint and go back to the queue. */
  async drain(): Promise<void> {
    this.draining = true
    for (const run of this.runs.values()) run.drain()
    await this.worker.close()
  }

  private async take(job: Job, token: string | undefined): Promise<void> {
    const id: string = job.data.id
    const slot = this.parts.slots.take()
    const run = new JobRun({ ...this.parts, trainer: slot.trainer }, id)
    this.runs.set(id, run)
    const silence = this.parts.nudges.on(id, event => {
      if (event === 'request') void run.lookForRequests()
    })
    if (this.draining) run.drain()
    try {
      if ((await run.run()) === 'ended') return
    } finally {
      silence()
      this.runs.delete(id)
      slot.free()
    }
    await job.moveToWait(token)
    throw new WaitingError()
  }
}
