import type { LearningRate } from '../spec/training-options.js'

/** The rate of a step, counted from 1. Cosine falls to 0 at the last step (Loshchilov & Hutter 2016, without restarts). */
export function learningRateAt(step: number, steps: number, options: LearningRate): number {
  const { schedule, peak, warmupSteps } = options
  if (step <= warmupSteps) return (peak * step) / warmupSteps
  if (schedule === 'constant') return peak
  const part = (step - 1 - warmupSteps) / (steps - warmupSteps)
  return (peak * (1 + Math.cos(Math.PI * part))) / 2
}
