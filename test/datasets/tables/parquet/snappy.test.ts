import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { KernelArena } from '../../../../src/datasets/tables/kernels/kernel-arena.js'

const arena = new KernelArena(2 ** 20)
/** Bytes behind the inflated ones that may be touched. */
const overshoot = 16

type Element = { literal: Uint8Array } | { copy: number; distance: number; form: 1 | 2 | 4 }

const element: fc.Arbitrary<Element> = fc.oneof(
  fc
    .oneof(fc.uint8Array({ maxLength: 20 }), fc.uint8Array({ minLength: 55, maxLength: 300 }))
    .map(literal => ({ literal })),
  fc.record({
    copy: fc.integer({ min: 1, max: 64 }),
    distance: fc.integer({ min: 1, max: 400 }),
    form: fc.constantFrom<1 | 2 | 4>(1, 2, 4),
  }),
)

/** https://github.com/google/snappy/blob/main/format_description.txt */
function encode(elements: readonly Element[]): { bytes: number[]; inflated: number[] } {
  const bytes: number[] = []
  const inflated: number[] = []
  const number = (value: number, length: number) => {
    for (let at = 0; at < length; at++) bytes.push((value >>> (8 * at)) & 255)
  }
  for (const each of elements) {
    if ('literal' in each) {
      const { length } = each.literal
      if (length === 0) continue
      if (length <= 60) bytes.push((length - 1) << 2)
      else {
        const lengthBytes = length <= 256 ? 1 : 2
        bytes.push((59 + lengthBytes) << 2)
        number(length - 1, lengthBytes)
      }
      bytes.push(...each.literal)
      inflated.push(...each.literal)
      continue
    }
    const { copy, form } = each
    const distance = Math.min(each.distance, inflated.length)
    if (distance === 0) continue
    if (form === 1 && copy >= 4 && copy <= 11) {
      bytes.push(1 | ((copy - 4) << 2) | ((distance >> 8) << 5), distance & 255)
    } else {
      const offsetBytes = form === 4 ? 4 : 2
      bytes.push((offsetBytes === 4 ? 3 : 2) | ((copy - 1) << 2))
      number(distance, offsetBytes)
    }
    for (let at = 0; at < copy; at++) inflated.push(inflated.at(-distance)!)
  }
  const size = inflated.length
  const head = size < 128 ? [size] : [(size & 127) | 128, size >> 7]
  return { bytes: [...head, ...bytes], inflated }
}

/** Returns what the bytes inflate to, or null. Throws if other memory was touched. */
function inflate(bytes: ArrayLike<number>, size: number): number[] | null {
  const [input, output] = [arena.take(bytes.length)!, arena.take(size)!]
  arena.bytes.set(bytes, input.at)
  arena.bytes.fill(0xaa, output.at - overshoot, output.at + output.size)
  const isWhole = arena.kernels.inflateSnappy(input.at, bytes.length, output.at, size)
  const around = [
    ...arena.bytes.subarray(output.at - overshoot, output.at),
    ...arena.bytes.subarray(output.at + size + overshoot, output.at + output.size),
  ]
  assert.ok(around.every(byte => byte === 0xaa))
  arena.give(input)
  arena.give(output)
  return isWhole ? [...arena.bytes.subarray(output.at, output.at + size)] : null
}

const elements = fc.array(element, { maxLength: 12 }).filter(list => {
  const { length } = encode(list).inflated
  return length < 2 ** 14
})

test('every form of Snappy is inflated', () => {
  fc.assert(
    fc.property(elements, list => {
      const { bytes, inflated } = encode(list)
      assert.deepEqual(inflate(bytes, inflated.length), inflated)
      assert.equal(inflate(bytes, inflated.length + 1), null)
      for (let end = 0; end < Math.min(bytes.length, 40); end++)
        assert.equal(inflate(bytes.slice(0, end), inflated.length), null)
    }),
  )
})

test('damaged bytes touch no other memory', () => {
  const change = fc.tuple(fc.nat(), fc.nat(255))
  const changes = fc.array(change, { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(elements, changes, (list, damage) => {
      const { bytes, inflated } = encode(list)
      for (const [at, byte] of damage) bytes[at % bytes.length] = byte
      inflate(bytes, inflated.length)
    }),
    { numRuns: 1000 },
  )
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(300), (bytes, size) => {
      inflate([size & 127, ...bytes], size & 127)
    }),
    { numRuns: 1000 },
  )
})
