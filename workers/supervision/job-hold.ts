import type { LiveStatePublisher } from '../../src/jobs/queue/live-state.js'

/** A held job is offered again, to this and all other workers, after this time. */
export const heldJobDelayMs = 60_000

/** How often a job that waits for the machine looks whether it can go on. */
export const holdPollMs = 2000

/** Tells clients why the worker that has a job does not start it. */
export class JobHold {
  private isPublished = false

  constructor(
    private readonly statePublisher: Pick<
      LiveStatePublisher,
      'publish' | 'publishHold' | 'clearHold'
    >,
    private readonly id: string,
  ) {}

  /** The reason is forgotten some time after `ms`, unless it is published again. */
  async publish(reason: string, ms: number): Promise<void> {
    const seconds = Math.ceil((ms + holdPollMs) / 1000) + 5
    // without Redis, the job's view still has what the API itself finds
    await this.statePublisher.publishHold(this.id, reason, seconds).catch(() => {})
    if (!this.isPublished)
      await this.statePublisher.publish(this.id, null, 'changed').catch(() => {})
    this.isPublished = true
  }

  /** What the job has waited for before this worker took it; null if nothing is known. It is told no more. */
  async takeReason(): Promise<string | null> {
    return this.statePublisher.clearHold(this.id).catch(() => null)
  }

  async clear(): Promise<void> {
    if (!this.isPublished) return
    this.isPublished = false
    await this.statePublisher.clearHold(this.id).catch(() => {})
  }
}
