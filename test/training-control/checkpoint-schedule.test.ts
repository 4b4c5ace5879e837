import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type CheckpointInterval,
  CheckpointSchedule,
  type DefaultCheckpointInterval,
} from '../../src/training-control/checkpoint-schedule.js'

interface Scenario {
  interval?: Partial<CheckpointInterval>
  defaultInterval?: Partial<DefaultCheckpointInterval>
  seconds: { step: number; checkpoint: number | ((n: number) => number) }
  steps: number
}

/** The steps with checkpoints, the fraction of time spent on them, and the longest time without one. */
async function run({ interval, defaultInterval, seconds, steps }: Scenario) {
  let now = 1000
  const schedule = new CheckpointSchedule(
    { steps: null, seconds: null, ...interval },
    { seconds: 60, stepsPerEpoch: null, ...defaultInterval },
    () => now,
  )
  const [saved, costs]: [number[], number[]] = [[], []]
  let [at, maxGap] = [now, 0]
  for (let step = 1; step <= steps; step++) {
    now += seconds.step
    maxGap = Math.max(maxGap, now - at)
    if (!schedule.isDue(step)) continue
    const { checkpoint } = seconds
    const cost = typeof checkpoint === 'number' ? checkpoint : checkpoint(saved.length)
    await schedule.save(async () => {
      now += cost
    })
    saved.push(step)
    costs.push(cost)
    at = now
  }
  const share = costs.reduce((a, b) => a + b, 0) / (now - 1000)
  return { saved, share, maxGap }
}

test('a requested interval in steps or seconds is kept, whatever a checkpoint costs', async () => {
  const slowCheckpoint = { step: 1, checkpoint: 30 }
  const every = await run({ interval: { steps: 4 }, seconds: slowCheckpoint, steps: 10 })
  assert.deepEqual(every.saved, [4, 8])
  const timed = await run({ interval: { seconds: 3 }, seconds: slowCheckpoint, steps: 10 })
  assert.deepEqual(timed.saved, [3, 6, 9])
  const both = await run({ interval: { steps: 4, seconds: 3 }, seconds: slowCheckpoint, steps: 10 })
  assert.deepEqual(both.saved, [3, 4, 7, 8])
})

test('by default a checkpoint is due after every epoch and after the default time', async () => {
  const seconds = { step: 1, checkpoint: 0.1 }
  const { saved } = await run({ defaultInterval: { stepsPerEpoch: 70 }, seconds, steps: 150 })
  assert.deepEqual(saved, [60, 70, 130, 140])
})

test('default checkpoints take at most 2 % of the time, and little work is lost between them', async () => {
  const cases = [
    { step: 0.001, checkpoint: 0.03, epoch: 15 },
    { step: 0.01, checkpoint: 0.5, epoch: 100 },
    { step: 1, checkpoint: 1, epoch: 500 },
    { step: 2, checkpoint: 1.2, epoch: null },
  ]
  for (const { epoch, ...seconds } of cases) {
    const steps = 1200 / seconds.step
    const { saved, share, maxGap } = await run({
      defaultInterval: { stepsPerEpoch: epoch },
      seconds,
      steps,
    })
    assert.ok(saved.length >= 1200 / 70, `${saved.length} checkpoints`)
    assert.ok(share <= 0.02, `${share} of the time`)
    assert.ok(maxGap <= 60 + 2 * seconds.step, `${maxGap} s without a checkpoint`)
  }
})

test('an expensive checkpoint delays the next one, but never by more than the limit', async () => {
  const expensive = await run({ seconds: { step: 1, checkpoint: 3 }, steps: 500 })
  assert.deepEqual(expensive.saved, [60, 210, 360])
  const once = (n: number) => (n === 0 ? 100 : 0.1)
  const slow = await run({ seconds: { step: 1, checkpoint: once }, steps: 800 })
  assert.deepEqual(slow.saved, [60, 660, 720, 780])
})

test('a checkpoint that was not due restarts the interval', async () => {
  let now = 0
  const schedule = new CheckpointSchedule(
    { steps: null, seconds: null },
    { seconds: 60, stepsPerEpoch: null },
    () => now,
  )
  now = 59
  await schedule.save(async () => {})
  now = 118
  assert.equal(schedule.isDue(118), false)
  now = 119
  assert.equal(schedule.isDue(119), true)
})
