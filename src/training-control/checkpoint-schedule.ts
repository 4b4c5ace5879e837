/** How often a job asks for checkpoints; where both are null, as often as costs little. */
export interface CheckpointInterval {
  /** Steps between two. */
  steps: number | null
  /** Seconds between two. */
  seconds: number | null
}

/** What is due where a job asks for nothing: after so many seconds, or at the end of an epoch. */
export interface DefaultCheckpointInterval {
  seconds: number
  /** Its steps; null where there are no epochs. */
  stepsPerEpoch: number | null
}

/** Training takes so many times as long as the checkpoint before it: so at most 2 % is spent on them. */
const intervalPerCost = 50
/** Whatever a checkpoint costs: one slow moment of a disk must not put the next one off for hours. */
const maxIntervalSeconds = 600
/** Of the first checkpoint, which nobody has measured. */
const initialCostSeconds = 0.1

/**
 * When a checkpoint is due. It looks at the clock, so no result may depend on what it says: a
 * checkpoint changes nothing in what is trained.
 */
export class CheckpointSchedule {
  private lastCheckpointAt: number
  private costSeconds = initialCostSeconds

  constructor(
    private readonly requested: CheckpointInterval,
    private readonly defaultInterval: DefaultCheckpointInterval,
    /** Seconds. */
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

  /** Makes a checkpoint, whether due or not, and notes what it cost. */
  async save(writeCheckpoint: () => Promise<void>): Promise<void> {
    const startedAt = this.clock()
    await writeCheckpoint()
    this.lastCheckpointAt = this.clock()
    this.costSeconds = this.lastCheckpointAt - startedAt
  }
}
