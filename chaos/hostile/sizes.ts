import { Random } from '../random.js'
import { processFaults } from './process-faults.js'
import type { HostileOptions } from './run.js'

type Size = Omit<HostileOptions, 'seed' | 'requests' | 'minutes'>

/** `npm run chaos -- --api`. */
export const longRun: Size = {
  followers: { count: 5000, bursts: 3, holdMs: 20_000 },
  // 20 minutes, two seeds
  schemathesis: [1, 2].map(() => ({
    maxExamples: 1_000_000,
    seconds: 600,
    phases: ['examples', 'coverage', 'fuzzing', 'stateful'],
  })),
  badPredictions: 100_000,
  damagedFiles: 200,
  faults: processFaults,
  dripMs: 180_000,
}

/** How many kinds of process faults the short run injects. Which ones, its seed decides. */
const shortRunFaults = 5

/** Of `npm test`: everything once, but what takes minutes. */
export const shortRun = (seed: number): Omit<HostileOptions, 'seed'> => ({
  requests: 800,
  minutes: 1,
  followers: { count: 300, bursts: 1, holdMs: 2000 },
  schemathesis: [{ maxExamples: 1, seconds: 25, phases: ['coverage'] }],
  badPredictions: 400,
  damagedFiles: 12,
  faults: new Random(seed).sample(processFaults, shortRunFaults),
  dripMs: 0,
})
