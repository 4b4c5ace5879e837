import { setTimeout as sleep } from 'node:timers/promises'
import type { Notifications } from '../../src/jobs/queue/notifications.js'
import type { RedisConfig } from '../../src/jobs/queue/redis.js'
import type { Needs } from '../../src/spec/needs.js'
import type { DrainMode } from '../../src/spec/worker.js'
import { heldJobDelayMs } from './job-hold.js'
import type { JobRunner, JobRunOutcome } from './job-runner.js'
import { JobSource, type TakenJob } from './job-source.js'
import type { Slot, Slots } from './slots.js'
import { Wake } from './wake.js'

export interface ConsumerDeps {
  redis: RedisConfig
  notifications: Notifications
  slots: Slots
  /** Whether this worker has what a job needs. */
  fits(needs: Needs): boolean
  createRunner(id: string, slot: Slot): JobRunner
  /** Puts a job into the queue of those that need the same. */
  requeue(id: string): Promise<void>
  /** How long the lock on a job lasts without renewal. */
  lockMs: number
  onError(error: Error): void
  /** Called if a job could not be run, for a reason that does not lie in its training. */
  onJobError(id: string, error: Error): void
  /** This worker does not run a job that it has taken, for now. */
  onHeld(id: string): void
}

/** Redis tells of new jobs at once. Of jobs that return to the queue it does not, and it may drop a message. */
const pollMs = 1000
const retryMs = 2000
/** Without Redis, what is asked of it waits. Then the locks of the jobs expire. */
const lastAnswerMs = 2000

/** Takes jobs from the queues while slots are free. docs/architecture.md, "The queue", explains the settings. */
export class Consumer {
  private readonly runners = new Map<string, JobRunner>()
  private readonly source: JobSource
  private readonly wake = new Wake()
  private loop: Promise<void> = Promise.resolve()
  /** The jobs that it runs, and those of which it tells Redis the end. */
  private readonly running = new Set<Promise<void>>()
  private stopping = false
  private drainMode: DrainMode | null = null
  /** The next job needs more slots than are free: they are kept for it. */
  private isReserving = false
  private lastActivityAt = performance.now()

  constructor(private readonly deps: ConsumerDeps) {
    const { redis, lockMs, fits, onError, notifications } = deps
    const onLost = (id: string) => this.runners.get(id)?.abandon()
    this.source = new JobSource({ redis, lockMs, fits, onLost, onError })
    notifications.onQueued(() => this.wake.up())
  }

  start(): void {
    this.source.start()
    this.loop = this.takeJobs()
  }

  /** Running jobs write a checkpoint and return to the queue; spare trainers end at once. */
  async drain(): Promise<void> {
    await this.drainRunners()
    await Promise.race([this.loop.then(() => Promise.all(this.running)), sleep(lastAnswerMs)])
    await this.source.close()
  }

  /**
   * `drain` without closing the connections, which may hang. Orphan recovery requeues the jobs after this process has
   * ended.
   */
  async drainRunners(): Promise<void> {
    this.stopping = true
    this.wake.up()
    const runners = [...this.runners.values()]
    for (const runner of runners) runner.drain()
    await Promise.all([...runners.map(({ done }) => done), this.deps.slots.close()])
  }

  /**
   * Takes no more jobs until `resume`. `move`: running jobs write a checkpoint and return to the queue, where other
   * workers take them; `finish`: they end here.
   */
  pause(mode: DrainMode): void {
    this.drainMode = mode
    if (mode === 'move') for (const runner of this.runners.values()) runner.drain('move')
  }

  resume(): void {
    this.drainMode = null
    this.lastActivityAt = performance.now()
    this.wake.up()
  }

  /** Whether it takes no more jobs. */
  get isDraining(): boolean {
    return this.stopping || this.drainMode !== null
  }

  /** `performance.now()` when a job was last taken or a slot was freed; null while it takes none. */
  idleSince(): number | null {
    const takes = this.deps.slots.free > 0 && !this.isReserving && !this.isDraining
    return takes ? this.lastActivityAt : null
  }

  private async takeJobs(): Promise<void> {
    while (!this.stopping) {
      if (!(await this.takeNext())) await this.wake.wait(pollMs)
    }
  }

  private async takeNext(): Promise<boolean> {
    const { slots, onError } = this.deps
    if (slots.free === 0 || this.isDraining) return false
    try {
      const taken = await this.source.next(needs => slots.hasRoom(needs?.gpus ?? 0))
      this.isReserving = taken === 'full'
      if (taken === null || taken === 'full') return false
      if (this.isDraining) await taken.giveBack()
      else this.follow(this.runTaken(taken))
      return true
    } catch (error) {
      onError(error as Error)
      await sleep(retryMs)
      return false
    }
  }

  private follow(run: Promise<void>): void {
    const ended: Promise<void> = run
      .catch(this.deps.onError)
      .finally(() => this.running.delete(ended))
    this.running.add(ended)
  }

  /** Fails only if the end of the run cannot be told to Redis. */
  private async runTaken(taken: TakenJob): Promise<void> {
    const { id } = taken
    this.lastActivityAt = performance.now()
    const previousRunner = this.runners.get(id)
    if (previousRunner) return this.giveBackAfter(previousRunner, taken)
    let outcome: JobRunOutcome
    try {
      outcome = await this.run(taken)
    } catch (error) {
      // an error of the supervision, not of the job: the reconciler queues the job again
      this.deps.onJobError(id, error as Error)
      return taken.fail(error as Error)
    }
    if (outcome === 'superseded') return taken.release()
    if (outcome === 'requeue') return taken.giveBack()
    if (outcome === 'held') {
      this.deps.onHeld(id)
      return taken.delay(heldJobDelayMs)
    }
    await taken.complete()
    if (outcome === 'misplaced') await this.deps.requeue(id)
  }

  private async run({ id, needs }: TakenJob): Promise<JobRunOutcome> {
    const { slots, createRunner, notifications } = this.deps
    const slot = slots.acquire(id, needs?.gpus ?? 0)
    const runner = createRunner(id, slot)
    this.runners.set(id, runner)
    const unsubscribe = notifications.subscribe(id, event => {
      if (event === 'request') void runner.pollRequests()
    })
    try {
      return await runner.run()
    } finally {
      unsubscribe()
      this.runners.delete(id)
      this.lastActivityAt = performance.now()
      slots.release(slot)
      this.wake.up()
    }
  }

  /**
   * This process was suspended for so long that its own job stalled and was delivered to it again. The previous run
   * must end first.
   */
  private async giveBackAfter(previousRunner: JobRunner, taken: TakenJob): Promise<void> {
    previousRunner.abandon()
    await previousRunner.done
    await taken.giveBack()
  }
}
