/** How often a job asks for checkpoints; where both are null, as often as costs little. */
export interface Snapshots {
  /** Steps between two. */
  every: number | null
  /** Seconds between two. */
  seconds: number | null
}

/** What is due where a job asks for nothing: after so many seconds, or at the end of an epoch. */
export interface Habit {
  seconds: number
  /** Its steps; null where there are no epochs. */
  epoch: number | null
}

/** Training takes so many times as long as the checkpoint before it: so at most 2 % is spent on them. */
const restPerCost = 50
/** Whatever a checkpoint costs: one slow moment of a disk must not put the next one off for hours. */
const longestRest = 600
/** Of the first checkpoint, which nobody has measured. */
const firstCost = 0.1

/**
 * When a checkpoint is due. It looks at the clock, so no result may depend on what it says: a
 * checkpoint changes nothing in what is trained.
 */
export class Cadence {
  private at: number
  private cost = firstCost

  constructor(
    private readonly asked: Snapshots,
    private readonly habit: Habit,
    /** Seconds. */
    private readonly clock = () => performance.now() / 1000,
  ) {
    this.at = clock()
  }

  due(step: number): boolean {
    const { every, seconds } = this.asked
    const passed = this.clock() - this.at
    if (every !== null && step % every === 0) return true
    if (seconds !== null && passed >= seconds) return true
    if (every !== null || seconds !== null) return false
    if (passed < Math.min(this.cost * restPerCost, longestRest)) return false
    const { epoch } = this.habit
    return passed >= this.habit.seconds || (epoch !== null && step % epoch === 0)
  }

  /** Makes a checkpoint, whether due or not, and notes what it cost. */
  async save(make: () => Promise<void>): Promise<void> {
    const began = this.clock()
    await make()
    this.at = this.clock()
    this.cost = this.at - began
  }
}
