import assert from 'node:assert/strict'
import fc from 'fast-check'
import { TrainyardError } from '../../../src/errors.js'

interface Damage {
  /** Bytes with another value. */
  changes: [at: number, value: number][]
  /** The share of the file that is left. */
  kept: number
}

const damageOf = (length: number): fc.Arbitrary<Damage> => {
  const value = fc.oneof(fc.constantFrom(0, 255, 127, 128), fc.nat(255))
  return fc.record({
    changes: fc.array(fc.tuple(fc.nat(length - 1), value), { minLength: 1, maxLength: 4 }),
    kept: fc.oneof(
      { weight: 4, arbitrary: fc.constant(1) },
      { weight: 1, arbitrary: fc.double({ min: 0, max: 1, noNaN: true }) },
    ),
  })
}

function damaged(content: Uint8Array, { changes, kept }: Damage): Uint8Array {
  const bytes = Uint8Array.from(content)
  for (const [at, value] of changes) bytes[at] = value
  return bytes.subarray(0, Math.ceil(bytes.length * kept))
}

/** Throws unless the file, whatever its damage, is read, or refused with an error of an upload. */
export async function assertDamageIsNamed(
  content: Uint8Array,
  read: (content: Uint8Array) => Promise<unknown>,
  numRuns = 60,
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(damageOf(content.length), async damage => {
      try {
        await read(damaged(content, damage))
      } catch (error) {
        if (!(error instanceof TrainyardError)) throw error
        assert.match(error.code, /^DATASET_/)
      }
    }),
    { numRuns },
  )
}
