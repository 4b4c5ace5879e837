import type { PredictorLog } from '../predictor-child.js'
import type { PredictionStatistics } from '../statistics.js'

export interface PoolOptions {
  script: string
  /** The environment of each process. */
  environments: readonly NodeJS.ProcessEnv[]
  log: PredictorLog
  statistics: Pick<PredictionStatistics, 'executed'>
  /** Memory for loaded models, of all processes together. */
  memoryBytes?: number
  /** A request that would wait for longer before it runs is refused; in a burst, only ten times as long. Default: 500. */
  maxWaitMs?: number
  /** The longest time from a request to its answer. Default: 30,000. */
  timeoutMs?: number
  /** The longest time of one batch. Default: 30,000. */
  batchTimeoutMs?: number
}

export const defaultOptions = {
  memoryBytes: 4 * 2 ** 30,
  maxWaitMs: 500,
  timeoutMs: 30_000,
  batchTimeoutMs: 30_000,
}
