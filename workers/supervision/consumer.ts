import { type Job, WaitingError, Worker } from 'bullmq'
import type { Notifications } from '../../src/jobs/queue/notifications.js'
import {
  blockingOptions,
  bullConnection,
  type RedisConfig,
  redisNames,
} from '../../src/jobs/queue/redis.js'
import { ownProcessId } from '../../src/processes.js'
import { JobRunner, type JobRunnerDeps } from './job-runner.js'
import type { Slots } from './slots.js'

export interface ConsumerDeps extends Omit<JobRunnerDeps, 'trainer'> {
  redis: RedisConfig
  notifications: Notifications
  slots: Slots
  /** How long a lock lasts without renewal. */
  lockMs: number
  onError(error: Error): void
}

const requeueDelayMs = 1000

/** Takes jobs from the queue as slots are free. Settings and their reasons: CONTRIBUTING.md, "The queue". */
export class Consumer {
  private readonly runners = new Map<string, JobRunner>()
  private readonly worker: Worker
  private draining = false
  private lastActivityAt = performance.now()

  constructor(private readonly deps: ConsumerDeps) {
    const names = redisNames(deps.redis.prefix)
    this.worker = new Worker(
      names.queue,
      (job: Job, token?: string) => this.processJob(job, token),
      {
        prefix: names.bullmq,
        connection: bullConnection(deps.redis, blockingOptions),
        autorun: false,
        concurrency: deps.slots.count,
        // by this name a dead worker's jobs are known (see JobQueue.takeBack)
        name: ownProcessId,
        lockDuration: deps.lockMs,
        lockRenewTime: deps.lockMs / 4,
        stalledInterval: deps.lockMs / 4,
        maxStalledCount: 1_000_000,
        drainDelay: 5,
        runRetryDelay: 2000,
      },
    )
    this.worker.on('error', deps.onError)
    // trouble around a job, not in it: the reconciler queues it again
    this.worker.on('failed', (_job, error) => deps.onError(error))
    this.worker.on('lockRenewalFailed', ids => {
      for (const id of ids) this.runners.get(id)?.abandon()
    })
  }

  start(): void {
    this.worker.run().catch(this.deps.onError)
  }

  /** Running jobs make a checkpoint and go back to the queue; spare trainers end at once. */
  async drain(): Promise<void> {
    const runnersDone = this.drainRunners()
    await this.worker.close()
    await runnersDone
  }

  /** All of `drain` but BullMQ's part, which may never end where it is stuck: its jobs are taken back after us. */
  async drainRunners(): Promise<void> {
    this.draining = true
    const runners = [...this.runners.values()]
    for (const runner of runners) runner.drain()
    await Promise.all([...runners.map(({ done }) => done), this.deps.slots.close()])
  }

  /** When a job was last taken, or a slot freed; null while all slots are taken. */
  idleSince(): number | null {
    return this.deps.slots.free > 0 ? this.lastActivityAt : null
  }

  private async processJob(job: Job, token: string | undefined): Promise<void> {
    const id: string = job.data.id
    this.lastActivityAt = performance.now()
    const previousRunner = this.runners.get(id)
    if (previousRunner) await this.requeueAfterPrevious(job, token, previousRunner)
    const slot = this.deps.slots.acquire()
    const runner = new JobRunner({ ...this.deps, trainer: slot }, id)
    this.runners.set(id, runner)
    const unsubscribe = this.deps.notifications.subscribe(id, event => {
      if (event === 'request') void runner.pollRequests()
    })
    if (this.draining) runner.drain()
    let outcome: Awaited<ReturnType<JobRunner['run']>>
    try {
      outcome = await runner.run()
    } finally {
      unsubscribe()
      this.runners.delete(id)
      this.lastActivityAt = performance.now()
      this.deps.slots.release(slot)
    }
    if (outcome === 'requeue') await job.moveToWait(token)
    // the queue has it, or another worker: BullMQ is to do nothing more about it
    if (outcome !== 'done') throw new WaitingError()
  }

  /**
   * This process was stopped for so long that its own job stalled and came back to it. The old run must
   * end first; and since BullMQ keeps a worker's locks by job, the job waits until both runs are forgotten.
   */
  private async requeueAfterPrevious(
    job: Job,
    token: string | undefined,
    previousRunner: JobRunner,
  ): Promise<never> {
    previousRunner.abandon()
    await previousRunner.done
    setTimeout(() => job.moveToWait(token).catch(this.deps.onError), requeueDelayMs)
    throw new WaitingError()
  }
}
