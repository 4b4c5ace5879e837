import { availableParallelism } from 'node:os'

/** What Node starts by default, on a machine of any size. */
const defaultThreads = 4

/**
 * How many threads help V8 to collect garbage. Beside a batch that keeps all cores busy, more threads than cores make
 * it wait: on two cores, one helper instead of four made the slowest answers of a small network a fifth faster.
 */
export const collectorFlag = `--v8-pool-size=${Math.max(1, Math.min(defaultThreads, availableParallelism() - 1))}`
