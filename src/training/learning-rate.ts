import type { LearningRate } from '../spec/learning-rate.js'

/** The rate of a step, counted from 1: a function of the step alone, so that a resumed job has the same. */
export function learningRateAt(step: number, steps: number, options: LearningRate): number {
  const { peak, warmupSteps } = options
  if (options.schedule === 'oneCycle') return peak * oneCycleFactor(step, steps, options)
  if (step <= warmupSteps) return (peak * step) / warmupSteps
  return peak * decayFactor(step, steps, options)
}

type OneCycle = LearningRate & { schedule: 'oneCycle' }

/** The share of the peak behind the warm-up. */
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
    // Loshchilov & Hutter 2016, without restarts
    case 'cosine':
      return cosineAnneal(1, options.endFactor, stepsSinceWarmup / (steps - options.warmupSteps))
  }
}

/** Smith & Topin 2017, in PyTorch's form: both phases ease along a cosine, the last step has the last rate. */
function oneCycleFactor(step: number, steps: number, options: OneCycle): number {
  const { warmupSteps, startFactor, endFactor } = options
  if (step <= warmupSteps) return cosineAnneal(startFactor, 1, (step - 1) / (warmupSteps - 1))
  return cosineAnneal(1, endFactor, (step - warmupSteps) / (steps - warmupSteps))
}

const cosineAnneal = (from: number, to: number, progress: number) =>
  to + ((from - to) * (1 + Math.cos(Math.PI * progress))) / 2
