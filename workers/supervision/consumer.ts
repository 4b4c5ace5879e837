import { type Job, WaitingError, Worker } from 'bullmq'
import type { Nudges } from '../../src/jobs/queue/notifications.js'
import { bullConnection, patient, type RedisHome, redisNames } from '../../src/jobs/queue/redis.js'
import { ownName } from '../../src/processes.js'
import { JobRun, type RunParts } from './job-runner.js'
import type { Slots } from './slots.js'

export interface ConsumerParts extends Omit<RunParts, 'trainer'> {
  redis: RedisHome
  nudges: Nudges
  slots: Slots
  /** How long a lock lasts without renewal. */
  lockMs: number
  onError(error: Error): void
}

const forgottenMs = 1000

/** Takes jobs from the queue as slots are free. Settings and their reasons: CONTRIBUTING.md, "The queue". */
export class Consumer {
  private readonly runs = new Map<string, JobRun>()
  private readonly worker: Worker
  private draining = false
  private lastTake = performance.now()

  constructor(private readonly parts: ConsumerParts) {
    const names = redisNames(parts.redis.prefix)
    this.worker = new Worker(names.queue, (job: Job, token?: string) => this.take(job, token), {
      prefix: names.bullmq,
      connection: bullConnection(parts.redis, patient),
      autorun: false,
      concurrency: parts.slots.count,
      // by this name a dead worker's jobs are known (see JobQueue.takeBack)
      name: ownName,
      lockDuration: parts.lockMs,
      lockRenewTime: parts.lockMs / 4,
      stalledInterval: parts.lockMs / 4,
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

  /** Running jobs make a checkpoint and go back to the queue; spare trainers end at once. */
  async drain(): Promise<void> {
    const emptied = this.empty()
    await this.worker.close()
    await emptied
  }

  /** All of `drain` but BullMQ's part, which may never end where it is stuck: its jobs are taken back after us. */
  async empty(): Promise<void> {
    this.draining = true
    const runs = [...this.runs.values()]
    for (const run of runs) run.drain()
    await Promise.all([...runs.map(({ over }) => over), this.parts.slots.close()])
  }

  /** When a job was last taken, or a slot freed; null while all slots are taken. */
  idleSince(): number | null {
    return this.parts.slots.free > 0 ? this.lastTake : null
  }

  private async take(job: Job, token: string | undefined): Promise<void> {
    const id: string = job.data.id
    this.lastTake = performance.now()
    const earlier = this.runs.get(id)
    if (earlier) await this.comesBack(job, token, earlier)
    const slot = this.parts.slots.take()
    const run = new JobRun({ ...this.parts, trainer: slot }, id)
    this.runs.set(id, run)
    const silence = this.parts.nudges.on(id, event => {
      if (event === 'request') void run.lookForRequests()
    })
    if (this.draining) run.drain()
    let end: Awaited<ReturnType<JobRun['run']>>
    try {
      end = await run.run()
    } finally {
      silence()
      this.runs.delete(id)
      this.lastTake = performance.now()
      this.parts.slots.giveBack(slot)
    }
    if (end === 'back') await job.moveToWait(token)
    // the queue has it, or another worker: BullMQ is to do nothing more about it
    if (end !== 'ended') throw new WaitingError()
  }

  /**
   * This process was stopped for so long that its own job stalled and came back to it. The old run must
   * end first; and since BullMQ keeps a worker's locks by job, the job waits until both runs are forgotten.
   */
  private async comesBack(job: Job, token: string | undefined, earlier: JobRun): Promise<never> {
    earlier.abandon()
    await earlier.over
    setTimeout(() => job.moveToWait(token).catch(this.parts.onError), forgottenMs)
    throw new WaitingError()
  }
}
