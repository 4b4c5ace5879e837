import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { KernelArena } from '../../../../src/datasets/tables/kernels/kernel-arena.js'
import { readLevels, readRuns } from '../../../../src/datasets/tables/parquet/bit-packing.js'

const arena = new KernelArena(2 ** 20)

interface Run {
  isPacked: boolean
  values: number[]
}

/** The hybrid of runs and packed bits, bit by bit: https://parquet.apache.org/docs/file-format/data-pages/encodings/ */
function encode(runs: readonly Run[], width: number): Uint8Array {
  const bytes: number[] = []
  const varint = (value: number) => {
    for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) + 128)
    bytes.push(value)
  }
  const bitsOf = (value: number) =>
    Array.from({ length: width }, (_, bit) => Math.floor(value / 2 ** bit) % 2)
  const push = (bits: readonly number[]) => {
    for (let at = 0; at < bits.length; at += 8)
      bytes.push(bits.slice(at, at + 8).reduce((sum, bit, place) => sum + bit * 2 ** place, 0))
  }
  for (const { isPacked, values } of runs) {
    varint(isPacked ? (values.length / 8) * 2 + 1 : values.length * 2)
    push(isPacked ? values.flatMap(bitsOf) : bitsOf(values[0]!))
  }
  return Uint8Array.from(bytes)
}

const runsOf = (width: number) => {
  const value = fc.integer({ min: 0, max: 2 ** width - 1 })
  const packed = fc
    .integer({ min: 1, max: 9 })
    .chain(groups => fc.array(value, { minLength: 8 * groups, maxLength: 8 * groups }))
    .map(values => ({ isPacked: true, values }))
  const repeated = fc
    .tuple(value, fc.integer({ min: 1, max: 300 }))
    .map(([each, length]) => ({ isPacked: false, values: new Array<number>(length).fill(each) }))
  return fc.array(fc.oneof(packed, repeated), { minLength: 1, maxLength: 6 })
}

const encoded = fc.integer({ min: 0, max: 32 }).chain(width =>
  fc.record({
    width: fc.constant(width),
    runs: runsOf(width),
    before: fc.nat(9),
    after: fc.nat(9),
  }),
)

test('runs and packed bits of each width are read wherever they lie', () => {
  fc.assert(
    fc.property(encoded, ({ width, runs, before, after }) => {
      const content = encode(runs, width)
      const bytes = new Uint8Array(before + content.length + after).fill(255)
      bytes.set(content, before)
      const values = runs.flatMap(run => run.values)
      const found = readRuns(bytes, before, before + content.length, width, values.length)
      assert.deepEqual([...found], [...Int32Array.from(values)])
      const input = arena.take(bytes.length)!
      const output = arena.take(4 * values.length)!
      arena.bytes.set(bytes, input.at)
      const [from, to] = [input.at + before, input.at + before + content.length]
      const largest = arena.kernels.readRuns(from, to, width, values.length, output.at)
      assert.deepEqual(arena.int32(output.at, values.length), found)
      assert.equal(largest, Math.max(...values))
      arena.give(input)
      arena.give(output)
      if (width !== 1) return
      const present = arena.kernels.readLevels(from, to, values.length, output.at)
      assert.deepEqual([...arena.uint8(output.at, values.length)], values)
      assert.equal(present, values.filter(value => value === 1).length)
      const levels = readLevels(bytes, before, before + content.length, values.length)
      assert.deepEqual(levels && [...levels], values.includes(0) ? values : null)
    }),
  )
})

test('runs that end early are refused', () => {
  fc.assert(
    fc.property(encoded, fc.nat(), ({ width, runs }, cut) => {
      const bytes = encode(runs, width)
      const count = runs.reduce((sum, { values }) => sum + values.length, 0)
      const end = cut % bytes.length
      assert.throws(() => readRuns(bytes, 0, end, width, count), { message: 'its runs end early' })
      const block = arena.take(bytes.length + 8 * count)!
      arena.bytes.set(bytes, block.at)
      const to = block.at + 8 * Math.ceil(bytes.length / 8)
      const found = arena.kernels.readRuns(block.at, block.at + end, width, count, to)
      assert.equal(found, -1)
      if (width === 1)
        assert.equal(arena.kernels.readLevels(block.at, block.at + end, count, to), -1)
      arena.give(block)
    }),
  )
})
