import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sampleClasses } from '../../../workers/attempts/hold-out.js'
import { imageRanges } from '../../../workers/attempts/image-ranges.js'
import { freshDatasets, mnistSlice } from '../../datasets/uploads.js'

const countsOf = (labels: Uint32Array, selected: Uint8Array, classes: number) => {
  const counts = Array<number>(classes).fill(0)
  for (const [i, label] of labels.entries()) counts[label]! += selected[i]!
  return counts
}

test('each class gives the same share of its images, and keeps one', () => {
  const cases: [counts: number[], heldOut: number, expected: number[]][] = [
    [[100, 100, 100], 30, [10, 10, 10]],
    [[900, 90, 10], 100, [90, 9, 1]],
    [[500, 3, 2], 50, [48, 1, 1]],
    [[10, 0, 10], 4, [2, 0, 2]],
    // an only image is trained on
    [[50, 1], 5, [5, 0]],
    // too few to have one of each
    [[2, 2, 2, 2], 1, [1, 0, 0, 0]],
  ]
  for (const [counts, heldOut, expected] of cases) {
    const sorted = Uint32Array.from(counts.flatMap((count, label) => Array(count).fill(label)))
    for (const labels of [sorted, sorted.toReversed()]) {
      const selected = sampleClasses(labels, heldOut / labels.length, 1)
      assert.deepEqual(countsOf(labels, selected, counts.length), expected, String(counts))
    }
  }
  const labels = new Uint32Array(100)
  assert.deepEqual(sampleClasses(labels, 0.1, 1), sampleClasses(labels, 0.1, 1))
  assert.notDeepEqual(sampleClasses(labels, 0.1, 1), sampleClasses(labels, 0.1, 2))
})

test('the held-out images of a data set are chosen by the labels in its shards', async t => {
  const { datasets, upload } = await freshDatasets(t)
  const { dataset } = await upload({ ...(await mnistSlice(500)) })
  const stored = await datasets.readLabels(dataset)
  // data sets of older versions have no index
  const { index: _, ...withoutIndex } = dataset
  assert.deepEqual(await datasets.readLabels(withoutIndex), stored)
  const all = new Uint8Array(500).fill(1)
  assert.deepEqual(countsOf(stored, all, 10), dataset.classCounts)

  const split = { validation: { holdOut: 50, by: 'class' }, seed: 1 } as const
  const ranges = await imageRanges(datasets, split, dataset, null)
  const { training, validation } = ranges
  assert.deepEqual([training.count, validation.count], [450, 50])
  const held = countsOf(stored, validation.selected!, 10)
  for (const [label, count] of dataset.classCounts.entries()) {
    assert.ok(Math.abs(held[label]! - count / 10) < 1, `${held[label]} of ${count}`)
  }
  assert.ok(training.selected!.every((one, i) => one + validation.selected![i]! === 1))
  // as before: the last records, without a look at their labels
  const { files } = training
  assert.deepEqual(
    await imageRanges(datasets, { ...split, validation: { holdOut: 50 } }, dataset, null),
    {
      training: { files, first: 0, count: 450 },
      validation: { files, first: 450, count: 50 },
    },
  )
})
