import assert from 'node:assert/strict'
import fc from 'fast-check'
import { TrainyardError } from '../../../src/errors.js'

/** Bytes of a file, some of which have other values, or the beginning of it. */
const damaged = (content: Uint8Array) =>
  fc
    .record({
      changes: fc.array(
        fc.tuple(
          fc.nat(content.length - 1),
          fc.oneof(fc.constantFrom(0, 255, 127, 128), fc.nat(255)),
        ),
        { minLength: 1, maxLength: 4 },
      ),
      keep: fc.oneof(
        { weight: 4, arbitrary: fc.constant(1) },
        fc.double({ min: 0, max: 1, noNaN: true }),
      ),
    })
    .map(({ changes, keep }) => {
      const bytes = Uint8Array.from(content)
      for (const [at, value] of changes) bytes[at] = value
      return bytes.subarray(0, Math.ceil(bytes.length * keep))
    })

/** Whatever is damaged, the file is read, or refused with an error of an upload. */
export async function assertDamageIsNamed(
  content: Uint8Array,
  read: (content: Uint8Array) => Promise<unknown>,
  numRuns = 60,
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(damaged(content), async bytes => {
      try {
        await read(bytes)
      } catch (error) {
        if (!(error instanceof TrainyardError)) throw error
        assert.match(error.code, /^DATASET_/)
      }
    }),
    { numRuns },
  )
}
