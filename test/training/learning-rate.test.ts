import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LearningRate } from '../../src/spec/learning-rate.js'
import { learningRateAt } from '../../src/training/learning-rate.js'

const peak = 0.8
const steps = 100

const rates: [what: string, options: LearningRate, expected: Record<number, number>][] = [
  [
    'constant, after a linear warm-up',
    { schedule: 'constant', peak, warmupSteps: 4 },
    { 1: 0.2, 3: 0.6, 4: 0.8, 5: 0.8, 100: 0.8 },
  ],
  [
    'step, dropping after its boundaries',
    { schedule: 'step', peak, warmupSteps: 2, factor: 0.1, boundaries: [50, 75] },
    { 1: 0.4, 2: 0.8, 50: 0.8, 51: 0.08, 75: 0.08, 76: 0.008, 100: 0.008 },
  ],
  [
    'step, dropping at regular intervals',
    { schedule: 'step', peak, warmupSteps: 0, factor: 0.5, everySteps: 30 },
    { 1: 0.8, 30: 0.8, 31: 0.4, 61: 0.2, 91: 0.1 },
  ],
  [
    'exponential',
    { schedule: 'exponential', peak, warmupSteps: 0, factor: 0.25, everySteps: 10 },
    { 1: 0.8, 6: 0.4, 11: 0.2, 21: 0.05 },
  ],
  [
    'exponential, counted from the end of the warm-up',
    { schedule: 'exponential', peak, warmupSteps: 10, factor: 0.25, everySteps: 10 },
    { 5: 0.4, 10: 0.8, 11: 0.8, 16: 0.4, 21: 0.2 },
  ],
  [
    'cosine, to zero',
    { schedule: 'cosine', peak, warmupSteps: 0, endFactor: 0 },
    { 1: 0.8, 51: 0.4, 100: 0.4 * (1 + Math.cos(0.99 * Math.PI)) },
  ],
  [
    'cosine, after a warm-up, to a tenth',
    { schedule: 'cosine', peak, warmupSteps: 20, endFactor: 0.1 },
    { 10: 0.4, 20: 0.8, 21: 0.8, 61: 0.44 },
  ],
  [
    'one cycle up and down',
    { schedule: 'oneCycle', peak, warmupSteps: 31, startFactor: 0.25, endFactor: 0.01 },
    { 1: 0.2, 16: 0.5, 31: 0.8, 100: 0.008 },
  ],
]

for (const [what, options, expected] of rates) {
  test(`learning rate schedule: ${what}`, () => {
    for (const [step, rate] of Object.entries(expected)) {
      const actual = learningRateAt(Number(step), steps, options)
      assert.ok(Math.abs(actual - rate) < 1e-12, `step ${step}: ${actual}, expected ${rate}`)
    }
  })
}

test('oneCycle agrees with torch.optim.lr_scheduler.OneCycleLR(max_lr=0.8, total_steps=10)', () => {
  const options: LearningRate = {
    schedule: 'oneCycle',
    peak,
    warmupSteps: 3,
    startFactor: 1 / 25,
    endFactor: 1 / 25e4,
  }
  const cosine = (from: number, to: number, part: number) =>
    to + ((from - to) / 2) * (Math.cos(Math.PI * part) + 1)
  // its phases end at step pct_start * total_steps - 1 = 2 and total_steps - 1 = 9, counted from 0
  const expected = Array.from({ length: 10 }, (_, i) =>
    i <= 2 ? cosine(0.032, 0.8, i / 2) : cosine(0.8, 3.2e-6, (i - 2) / 7),
  )
  const actual = expected.map((_, i) => learningRateAt(i + 1, 10, options))
  for (const [i, rate] of actual.entries()) assert.ok(Math.abs(rate - expected[i]!) < 1e-12)
})
