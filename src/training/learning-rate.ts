import type { LearningRate } from '../spec/learning-rate.js'

/**
 * Learning rate schedule: the rate of step `step`, counted from 1, of `steps`. It depends only on
 * the step, so a resumed job has the same rates.
 */
export function learningRateAt(step: number, steps: number, options: LearningRate): number {
  const { peak, warmupSteps } = options
  if (options.schedule === 'oneCycle') return peak * oneCycleFactor(step, steps, options)
  if (step <= warmupSteps) return (peak * step) / warmupSteps
  return peak * decayFactor(step, steps, options)
}

type OneCycle = LearningRate & { schedule: 'oneCycle' }

/** The rate after the warm-up, as a share of the peak. */
function decayFactor(
  step: number,
  steps: number,
  options: Exclude<LearningRate, { schedule: 'oneCycle' }>,
): number {
  const stepsSinceWarmup = step - 1 - options.warmupSteps
  switch (options.schedule) {
    case 'constant':
      return 1
    case 'step': {
      const drops =
        'boundaries' in options
          ? options.boundaries.filter(boundary => boundary < step).length
          : Math.floor((step - 1) / options.everySteps)
      return options.factor ** drops
    }
    case 'exponential':
      return options.factor ** (stepsSinceWarmup / options.everySteps)
    // Loshchilov & Hutter 2016 (arXiv:1608.03983), without restarts
    case 'cosine':
      return cosineAnneal(1, options.endFactor, stepsSinceWarmup / (steps - options.warmupSteps))
  }
}

/**
 * One-cycle policy (Smith & Topin 2017, arXiv:1708.07120) in PyTorch's form: both phases follow a
 * cosine, and the last step has the final rate.
 */
function oneCycleFactor(step: number, steps: number, options: OneCycle): number {
  const { warmupSteps, startFactor, endFactor } = options
  if (step <= warmupSteps) return cosineAnneal(startFactor, 1, (step - 1) / (warmupSteps - 1))
  return cosineAnneal(1, endFactor, (step - warmupSteps) / (steps - warmupSteps))
}

const cosineAnneal = (from: number, to: number, progress: number) =>
  to + ((from - to) * (1 + Math.cos(Math.PI * progress))) / 2
