import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { BundleEntryProtoSchema, BundleHeaderProtoSchema } from '../../src/formats/bundle_pb.js'
import { readTensorBundle, verifyValues } from '../../src/formats/tensor-bundle.js'
import { tempFolder } from '../../testing/temp-folder.js'
import { type Entry, maskedCrc, type TableOptions, writeTable } from './table-writer.js'

// The checksums of all blocks match; what an entry says is wrong.

type BundleEntry = MessageInitShape<typeof BundleEntryProtoSchema> & { $typeName?: never }

const values = Buffer.from(Float32Array.from({ length: 10 }, (_, i) => i / 10).buffer)
const shape = (...sizes: number[]) => ({ dim: sizes.map(size => ({ size: BigInt(size) })) })

/** Two float32 variables, of 2x3 and 4 values, in one data file. */
const bundle: Record<'a' | 'b', BundleEntry> = {
  a: {
    dtype: 1,
    shape: shape(2, 3),
    offset: 0n,
    size: 24n,
    crc32c: maskedCrc(values.subarray(0, 24)),
  },
  b: { dtype: 1, shape: shape(4), offset: 24n, size: 16n, crc32c: maskedCrc(values.subarray(24)) },
}

const encode = (entry: BundleEntry) =>
  toBinary(BundleEntryProtoSchema, create(BundleEntryProtoSchema, entry))
const header = toBinary(BundleHeaderProtoSchema, create(BundleHeaderProtoSchema, { numShards: 1 }))

const entriesOf = ({ a, b }: typeof bundle): Entry[] => [
  [Buffer.alloc(0), header],
  [Buffer.from('a'), encode(a)],
  [Buffer.from('b'), encode(b)],
]

async function read(folder: string, entries: readonly Entry[], options?: TableOptions) {
  const [index, data] = [join(folder, 'weights.index'), join(folder, 'data')]
  await writeFile(index, writeTable(entries, options))
  await writeFile(data, values)
  const found = await readTensorBundle(index)
  await verifyValues(found!, [{ path: data, name: 'data' }])
  return found
}

test('the bundle of these tests is intact', async t => {
  const found = await read(await tempFolder(t), entriesOf(bundle))
  assert.deepEqual(
    found?.tensors.map(({ name, dtype, shape: sizes }) => [name, dtype, sizes]),
    [
      ['a', 'float32', [2, 3]],
      ['b', 'float32', [4]],
    ],
  )
})

const { a, b } = bundle
const entries: [string, BundleEntry, RegExp][] = [
  ['of another type', { ...a, dtype: 2 }, /a has 24 bytes, its shape needs 48/],
  ['of no type', { ...a, dtype: 0 }, /a has the unknown type 0/],
  ['of a type that does not exist', { ...a, dtype: 101 }, /a has the unknown type 101/],
  ['of another shape', { ...a, shape: shape(2, 4) }, /a has 24 bytes, its shape needs 32/],
  ['without a shape', { dtype: 1, offset: 0n, size: 24n }, /a has 24 bytes, its shape needs 4/],
  ['of a negative extent', { ...a, shape: shape(-2, -3) }, /a has an impossible shape/],
  ['of a huge extent', { ...a, shape: shape(2 ** 40, 2 ** 40) }, /a has an impossible shape/],
  ['of unknown rank', { ...a, shape: { unknownRank: true } }, /a has an impossible shape/],
  ['of a negative size', { ...a, dtype: 7, size: -24n }, /a lies outside the data files/],
  ['at a negative offset', { ...a, offset: -1n }, /a lies outside the data files/],
  ['beyond the end', { ...a, offset: 1000n }, /a ends at byte 1024, the file at 40/],
  ['partly beyond the end', { ...a, offset: 17n }, /overlap|a ends at byte 41/],
  ['in another data file', { ...a, shardId: 1 }, /a lies outside the data files/],
  ['in a negative data file', { ...a, shardId: -1 }, /a lies outside the data files/],
  ['over another one', { ...a, offset: 4n }, /the values of a and b overlap/],
  ['with another checksum', { ...a, crc32c: 1 }, /the values of a do not match their checksum/],
  ['of strings beyond the end', { ...a, dtype: 7, offset: 30n }, /overlap|a ends at byte 54/],
  [
    'in slices that do not exist',
    { dtype: 1, shape: shape(2, 3), slices: [{ extent: [{ length: 2n }, {}] }] },
    /it has 0 slices, and its tensors list 1/,
  ],
  [
    'in slices beyond its shape',
    { dtype: 1, shape: shape(2, 3), slices: [{ extent: [{ start: 1n, length: 2n }, {}] }] },
    /the slices of a do not make up its shape/,
  ],
]
for (const [what, entry, message] of entries) {
  test(`an entry ${what} is refused`, async t => {
    const folder = await tempFolder(t)
    await assert.rejects(read(folder, entriesOf({ a: entry, b })), {
      code: 'WEIGHTS_DAMAGED',
      message,
    })
  })
}

/** Bytes in place of the entry of `a`. */
const malformed: [string, string][] = [
  // length 1 for a shape of four bytes: a lenient parser reads on behind the end
  ['whose shape ends within its first field', '080112011202080428183500000000'],
  ['whose type is a text', '0a0131'],
  ['whose offset is a fixed number', '0801250000000028183500000000'],
  ['that ends within a number', '0801128080'],
  ['with a field 0', '02020801'],
  ['with a group', '08010b0c'],
  ['whose number does not end', '08ffffffffffffffffffff01'],
]
for (const [what, hex] of malformed) {
  test(`an entry ${what} is refused`, async t => {
    const all = entriesOf(bundle)
    all[1] = [Buffer.from('a'), Buffer.from(hex, 'hex')]
    await assert.rejects(read(await tempFolder(t), all), { code: 'WEIGHTS_DAMAGED' })
  })
}

test('keys that a search does not find are refused', async t => {
  const folder = await tempFolder(t)
  const all = entriesOf(bundle)
  const damaged: [RegExp, readonly Entry[], TableOptions][] = [
    [/out of order/, [all[0]!, all[2]!, all[1]!], { separator: Buffer.from('b') }],
    [/order of its index/, all, { separator: Buffer.from('a') }],
    [/list of restarts/, all, { restarts: ([first, second]) => [first!, second! + 1] }],
    [/list of restarts/, all, { restarts: offsets => offsets.toReversed() }],
  ]
  for (const [message, entriesOfTable, options] of damaged) {
    await assert.rejects(read(folder, entriesOfTable, options), {
      code: 'WEIGHTS_DAMAGED',
      message,
    })
  }
})

test('a stored checkpoint with one damaged entry is refused', async () => {
  await assert.rejects(readTensorBundle('test/formats/fixtures/damaged-entry.index'), {
    code: 'WEIGHTS_DAMAGED',
    message: 'damaged-entry.index: one of its entries is unreadable',
  })
})
