import { DelayedError, type Job, WaitingError, Worker } from 'bullmq'
import type { Notifications } from '../../src/jobs/queue/notifications.js'
import {
  blockingOptions,
  bullConnection,
  type RedisConfig,
  redisNames,
} from '../../src/jobs/queue/redis.js'
import { ownProcessId } from '../../src/processes.js'
import { heldJobDelayMs, type JobRunner, type JobRunOutcome } from './job-runner.js'
import type { Slot, Slots } from './slots.js'

export interface ConsumerDeps {
  redis: RedisConfig
  notifications: Notifications
  slots: Slots
  createRunner(id: string, slot: Slot): JobRunner
  /** How long the lock on a job lasts without renewal. */
  lockMs: number
  onError(error: Error): void
  /** Called if a job could not be run, for a reason that does not lie in its training. */
  onJobError(id: string, error: Error): void
  /** A job needs more memory than this worker has. */
  onHeld(id: string): void
}

const requeueDelayMs = 1000

/** Takes jobs from the queue while slots are free. docs/architecture.md, "The queue", explains the settings. */
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
        // JobQueue.requeueOrphaned finds a dead worker's jobs by this name
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
    // an error of the supervision, not of the job: the reconciler queues the job again
    this.worker.on('failed', (job, error) => deps.onJobError(job?.id ?? '', error))
    this.worker.on('lockRenewalFailed', ids => {
      for (const id of ids) this.runners.get(id)?.abandon()
    })
  }

  start(): void {
    this.worker.run().catch(this.deps.onError)
  }

  /** Running jobs write a checkpoint and return to the queue; spare trainers end at once. */
  async drain(): Promise<void> {
    const runnersDone = this.drainRunners()
    await this.worker.close()
    await runnersDone
  }

  /**
   * `drain` without closing BullMQ's worker, which may hang if it is stuck. Orphan recovery requeues
   * the jobs after this process has ended.
   */
  async drainRunners(): Promise<void> {
    this.draining = true
    const runners = [...this.runners.values()]
    for (const runner of runners) runner.drain()
    await Promise.all([...runners.map(({ done }) => done), this.deps.slots.close()])
  }

  /** Whether it stops: no more jobs are taken. */
  get isDraining(): boolean {
    return this.draining
  }

  /** `performance.now()` when a job was last taken or a slot was freed; null while no slot is free. */
  idleSince(): number | null {
    return this.deps.slots.free > 0 ? this.lastActivityAt : null
  }

  private async processJob(job: Job, token: string | undefined): Promise<void> {
    const id: string = job.data.id
    this.lastActivityAt = performance.now()
    const previousRunner = this.runners.get(id)
    if (previousRunner) await this.requeueAfterPrevious(job, token, previousRunner)
    const slot = this.deps.slots.acquire(id)
    const runner = this.deps.createRunner(id, slot)
    this.runners.set(id, runner)
    const unsubscribe = this.deps.notifications.subscribe(id, event => {
      if (event === 'request') void runner.pollRequests()
    })
    if (this.draining) runner.drain()
    let outcome: JobRunOutcome
    try {
      outcome = await runner.run()
    } finally {
      unsubscribe()
      this.runners.delete(id)
      this.lastActivityAt = performance.now()
      this.deps.slots.release(slot)
    }
    if (outcome === 'requeue') await job.moveToWait(token)
    if (outcome === 'held') {
      this.deps.onHeld(id)
      await job.moveToDelayed(Date.now() + heldJobDelayMs, token)
      throw new DelayedError()
    }
    // the job is back in the queue, or another worker has it: BullMQ must leave it as it is
    if (outcome !== 'done') throw new WaitingError()
  }

  /**
   * This process was suspended for so long that its own job stalled and was delivered to it again. The
   * previous run must end first. BullMQ keeps a worker's locks by job id, so the job returns to the queue
   * only after BullMQ has forgotten both runs.
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
