import assert from 'node:assert/strict'
import { test } from 'node:test'
import { devicesFor, fitsDevices } from '../../src/spec/shards.js'
import { stepRuns } from '../../src/training/step-runs.js'
import { addInOrder } from '../../src/training/sum-order.js'

const add = (earlier: string, later: string) => `(${earlier}${later})`
const letters = (count: number) => [...'abcdefghijklmnopqrstuvwxyz'].slice(0, count)

test('neighbours are added in pairs, then pairs of these', () => {
  assert.equal(addInOrder(letters(1), add), 'a')
  assert.equal(addInOrder(letters(4), add), '((ab)(cd))')
  assert.equal(addInOrder(letters(6), add), '(((ab)(cd))(ef))')
  assert.equal(addInOrder(letters(7), add), '(((ab)(cd))((ef)g))')
})

/** What the runs of a step add up on so many devices, by what they say to do. */
function sumOfRuns(shards: number, devices: number): string {
  const runs = stepRuns({ accumulateSteps: 1, shards }, devices)
  const bySignature = new Map(runs.accumulating.map(run => [run.signature, run]))
  const sums: string[] = []
  let total = ''
  for (const [i, signature] of runs.signatures.entries()) {
    const ofRun = addInOrder(letters(shards).slice(i * devices, (i + 1) * devices), add)
    const { adds, keeps } = bySignature.get(signature) ?? { adds: runs.lastAdds, keeps: null }
    const sum = adds.reduce((later, at) => add(sums[at]!, later), ofRun)
    if (keeps === null) total = sum
    else {
      assert.ok(keeps < runs.sums)
      sums[keeps] = sum
    }
  }
  return total
}

test('the order is the same on each number of devices that fits', () => {
  for (let shards = 2; shards <= 24; shards++) {
    const expected = addInOrder(letters(shards), add)
    for (let devices = 1; devices <= shards; devices++) {
      if (fitsDevices(shards, devices)) assert.equal(sumOfRuns(shards, devices), expected)
    }
  }
})

test('devices fit that are a power of two and divide the shards, or as many as these', () => {
  const fitting = (shards: number) =>
    letters(shards).flatMap((_, i) => (fitsDevices(shards, i + 1) ? [i + 1] : []))
  assert.deepEqual(fitting(8), [1, 2, 4, 8])
  assert.deepEqual(fitting(6), [1, 2, 6])
  assert.deepEqual(fitting(3), [1, 3])
  assert.deepEqual(
    [1, 2, 3, 5, 8, 100].map(most => devicesFor(8, most)),
    [1, 2, 2, 4, 8, 8],
  )
})

test('few sums wait at once', () => {
  assert.equal(stepRuns({ accumulateSteps: 1, shards: 64 }, 1).sums, 6)
  assert.equal(stepRuns({ accumulateSteps: 1, shards: 4 }, 4).sums, 0)
})
