export interface HostileReport {
  seed: number
  requests: number
  errors5xx: number
  /** The longest hold of the API's event loop, how much of it was waiting for a processor, and the most work. */
  longestLoopMs: number
  longestLoopWaitedMs: number
  loopProcessorMs: number
  peakRssMb: number
  /** By how much a predictor grew at most while it was sent bad predictions. */
  predictorGrowthMb: number
  unanswered: number
  leftOver: number
  /** Answers that tell secrets, and results and promises that are wrong. */
  wrong: number
  /** What Schemathesis found. */
  violations: number
  slowestConnectionMs: number
  /** Milliseconds until the server worked again, by the process that was killed or stopped. */
  healMs: Record<string, number>
  overloaded: number
  cutShort: number
  interrupted: number
  jobs: number
  predictions: number
  kinds: Record<string, number>
  statuses: Record<string, number>
  seconds: number
  /** The goals that were missed, each with its figure. */
  missed: string[]
}

export const maxLoopMs = 200
export const maxRssMb = 1024
export const maxPredictorGrowthMb = 20
export const maxConnectionMs = 1000
export const maxHealMs = 5000

/** The goals of docs/chaos.md that a report misses. `slack` is a factor for the times, for a busy machine. */
export function missedGoals(report: Omit<HostileReport, 'missed'>, slack = 1): string[] {
  const zeros = ['errors5xx', 'unanswered', 'leftOver', 'wrong', 'violations'] as const
  const limits = [
    ['loopProcessorMs', report.loopProcessorMs, maxLoopMs * slack],
    ['peakRssMb', report.peakRssMb, maxRssMb],
    ['predictorGrowthMb', report.predictorGrowthMb, maxPredictorGrowthMb],
    ['slowestConnectionMs', report.slowestConnectionMs, maxConnectionMs * slack],
    ...Object.entries(report.healMs).map(
      ([name, ms]) => [`healMs of ${name}`, ms, maxHealMs * slack] as const,
    ),
  ] as const
  return [
    ...zeros.filter(name => report[name] > 0).map(name => `${name}: ${report[name]}, not 0`),
    ...limits
      .filter(([, value, limit]) => value > limit)
      .map(([name, value, limit]) => `${name}: ${value}, more than ${limit}`),
  ]
}
