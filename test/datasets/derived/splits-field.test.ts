import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseSplits } from '../../../src/datasets/derived/splits-field.js'
import { freshDatasets, mnistSlice } from '../uploads.js'

test('the shares of splits are read with what says how they are chosen', () => {
  assert.deepEqual(parseSplits('{"val":0.1,"test":0.2,"seed":3,"by":"group","column":"patient"}'), {
    ...{ kind: 'split', shares: { val: 0.1, test: 0.2 } },
    ...{ seed: 3, by: 'group', column: 'patient' },
  })
  const wrong: [text: string, reason: RegExp][] = [
    ['val', /expected a JSON object/],
    ['[0.1]', /expected an object/],
    ['{}', /names no split/],
    ['{"val":1.5}', /1.5 for val, expected a share/],
    ['{"val":"0.1"}', /expected a share/],
    ['{"Val":0.1}', /lower-case/],
    ['{"val":0.1,"by":"month"}', /expected one of random, class, group, time/],
    ['{"val":0.1,"seed":-1}', /a seed is a whole number/],
  ]
  for (const [text, reason] of wrong) {
    const found = parseSplits(text)
    assert.ok(typeof found === 'string', text)
    assert.match(found, reason)
  }
})

test('an upload is divided as a derived data set is, and keeps what the upload said of it', async t => {
  const { root, datasets, upload, uploadTable, assertRejected } = await freshDatasets(t)
  await assertRejected(
    await mnistSlice(100),
    'DATASET_FORM',
    /splits : of images, a column goes with by group or time/,
    {
      splits: '{"val":0.2,"column":"a"}',
    },
  )
  const shares = { val: 0.2, test: 0.1 }
  const form = { splits: JSON.stringify({ ...shares, seed: 4 }) }
  const { dataset } = await upload(await mnistSlice(100), form)
  await upload(await mnistSlice(100), { name: 'whole' })
  const steps = [{ kind: 'split' as const, shares, seed: 4 }]
  const derived = await datasets.derive(await datasets.planDerivation('whole', steps), null)
  assert.equal(derived.dataset.id, dataset.id)
  assert.equal(derived.created, false)
  assert.deepEqual(
    dataset.splits!.map(({ name }) => name),
    ['train', 'val', 'test'],
  )
  assert.ok(!('derivedFrom' in dataset))

  const csv = Array.from({ length: 60 }, (_, n) => `${n},${n % 2 ? 'odd' : 'even'},note ${n}`)
  const table = await uploadTable(
    { 't.csv': Buffer.from(['n,parity,note', ...csv].join('\n')) },
    { target: 'parity', splits: '{"test":0.25,"by":"time","column":"n"}' },
  )
  const { columns, splits, shards, sample } = table.dataset
  // text is listed, as in an upload without splits
  assert.deepEqual(
    columns.map(({ name }) => name),
    ['n', 'parity', 'note'],
  )
  assert.deepEqual(sample[0], [0, 'even', null])
  assert.deepEqual(
    splits!.map(({ records }) => records),
    [45, 15],
  )
  assert.deepEqual(
    shards.map(({ split }) => split),
    ['train', 'test'],
  )
  assert.deepEqual(await readdir(join(root, '.staging')), [])
})
