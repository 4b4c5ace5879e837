import type { BestMetrics } from '../../spec/best-metrics.js'
import type { FailureCode } from '../../spec/failure-codes.js'
import type { Metrics, Phase } from '../../spec/job.js'
import type { MemoryEstimate } from '../../spec/memory-estimate.js'
import type { Resources } from '../../spec/resources.js'

/**
 * `crashed`: the trainer exited with an error, or native code crashed. `killed`: from outside, or with
 * its worker. `drained`: it stopped on request after a checkpoint. `unavailable`: the machine failed, such
 * as its disk, which does not count against the job.
 */
export type AttemptEnd = 'finished' | 'crashed' | 'killed' | 'drained' | 'unavailable'

/** How far an attempt has come. */
export interface AttemptProgress {
  /** The last step that was done. */
  step: number
  /** The latest value of each metric, including those of before it resumed. */
  metrics: Metrics
  /** The same of their best values. Absent in the records of older versions. */
  best?: BestMetrics
}

/** One attempt to run a job. */
export interface AttemptRecord {
  /**
   * Counts from 1. The store grants each number once, so it is also the fencing token: the highest
   * number owns the job.
   */
  attempt: number
  startedAt: string
  /** The step of the checkpoint it resumed from; 0 without one. */
  resumedFrom: number
  phase: Phase
  /**
   * As of the last change of phase, checkpoint or end; the metrics log may have newer rows. Absent
   * in the records of older versions.
   */
  progress?: AttemptProgress
  /** The estimate for a network's job, when the attempt has built its graph. */
  memory?: MemoryEstimate
  /** What the job asked for when the attempt began; null if nothing. Absent in the records of older versions. */
  resources?: Resources | null
  /** Null while the attempt runs, and if its worker died before it could record the end. */
  endedAt: string | null
  end: AttemptEnd | null
  /** How a trainer that did not report a result ended, in one line. */
  outputTail: string | null
  /** The failure code of a job whose attempts all end like this one. Old records have none. */
  cause?: FailureCode | null
}
