import { totalmem } from 'node:os'

/** An estimate may be too high by up to a sixth (docs/jobs.md), so a job that may fit is tried. */
const tolerance = 1.25

/** Why a job cannot have its memory. `fits`: it can when other jobs of this worker have ended. */
export interface MemoryShortage {
  reason: string
  fits: boolean
}

/**
 * The memory of this worker's machine, shared by the jobs that it trains. A job that can never fit is
 * told from one that has to wait, and jobs that wait get their memory in the order in which they asked:
 * otherwise small jobs would keep a large one waiting for ever.
 */
export class MemoryBudget {
  private readonly reserved = new Map<string, number>()
  private readonly waiting = new Set<string>()

  /** `limitBytes`: Infinity if there is no limit. */
  constructor(
    private readonly limitBytes: number,
    /** Memory of the machine or container. */
    readonly machineBytes: number = totalmem(),
  ) {}

  /** Reserves memory for a job, in place of what it has. Returns null, or why it cannot have it now. */
  reserve(job: string, bytes: number): MemoryShortage | null {
    if ((this.reserved.get(job) ?? -1) >= bytes) return null
    this.reserved.delete(job)
    const limit = this.limitBytes * tolerance
    const need = `about ${formatGiB(bytes)} of memory`
    const has = `this worker has ${formatGiB(this.limitBytes)}`
    if (bytes > limit) {
      this.waiting.delete(job)
      return { fits: false, reason: `needs ${need}, and ${has}: ${cure}` }
    }
    const others = this.reservedBytes
    const isNext = [...this.waiting].every((each, i) => i > 0 || each === job)
    if (others + bytes > limit || !isNext) {
      this.waiting.add(job)
      const taken = `of which its other jobs take ${formatGiB(others)}`
      return { fits: true, reason: `needs ${need}, and ${has}, ${taken}; it starts when they end` }
    }
    this.waiting.delete(job)
    this.reserved.set(job, bytes)
    return null
  }

  /** Null if there is no limit. */
  get limit(): number | null {
    return Number.isFinite(this.limitBytes) ? this.limitBytes : null
  }

  /** What its jobs may use together at the moment. */
  get reservedBytes(): number {
    return [...this.reserved.values()].reduce((sum, each) => sum + each, 0)
  }

  release(job: string): void {
    this.reserved.delete(job)
    this.waiting.delete(job)
  }
}

const cure =
  'cancel it and submit it with a smaller batchSize and accumulateSteps, or as a smaller model; or run a worker on a machine with more memory'

const formatGiB = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`
