/** The checkpoint interval that a job sets. If both are null, the default interval applies. */
export interface CheckpointInterval {
  steps: number | null
  seconds: number | null
}

/** Default checkpoint interval if the job sets none: every N seconds, and after every epoch. */
export interface DefaultCheckpointInterval {
  seconds: number
  /** null if there are no epochs. */
  stepsPerEpoch: number | null
}

/** The default interval is at least 50 times the cost of a checkpoint, so they take at most 2 % of the time. */
const intervalPerCost = 50
/** Upper limit for the above: one slow write must not delay the next checkpoint for hours. */
const maxIntervalSeconds = 600
/** Assumed cost of the first checkpoint. */
const initialCostSeconds = 0.1

/**
 * Decides when a checkpoint is due. It reads the clock, so two runs may write different checkpoints; a
 * checkpoint therefore must not affect what is trained.
 */
export class CheckpointSchedule {
  private lastCheckpointAt: number
  private costSeconds = initialCostSeconds

  constructor(
    private readonly requested: CheckpointInterval,
    private readonly defaultInterval: DefaultCheckpointInterval,
    /** The time in seconds, from any origin. */
    private readonly clock = () => performance.now() / 1000,
  ) {
    this.lastCheckpointAt = clock()
  }

  isDue(step: number): boolean {
    const { steps, seconds } = this.requested
    const elapsed = this.clock() - this.lastCheckpointAt
    if (steps !== null && step % steps === 0) return true
    if (seconds !== null && elapsed >= seconds) return true
    if (steps !== null || seconds !== null) return false
    if (elapsed < Math.min(this.costSeconds * intervalPerCost, maxIntervalSeconds)) return false
    const { stepsPerEpoch } = this.defaultInterval
    return (
      elapsed >= this.defaultInterval.seconds ||
      (stepsPerEpoch !== null && step % stepsPerEpoch === 0)
    )
  }

  /** Writes a checkpoint, whether due or not, and measures what it costs. */
  async save(writeCheckpoint: () => Promise<void>): Promise<void> {
    const startedAt = this.clock()
    await writeCheckpoint()
    this.lastCheckpointAt = this.clock()
    this.costSeconds = this.lastCheckpointAt - startedAt
  }
}
