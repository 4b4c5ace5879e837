import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { caught } from '../../../src/datasets/images/encoded/damage.js'
import { graphInput } from '../../../src/datasets/images/encoded/graph-input.js'

const starts = [
  Buffer.from('\x89PNG\r\n\x1a\n\0\0\0\rIHDR', 'latin1'),
  Buffer.from([0xff, 0xd8, 0xff, 0xe1]),
  Buffer.from('RIFF\xff\0\0\0WEBPVP8X\n\0\0\0', 'latin1'),
  Buffer.from('RIFF\x20\0\0\0WEBPVP8L', 'latin1'),
  Buffer.from('GIF89a\x10\0\x10\0\x80\0\0', 'latin1'),
  Buffer.from('BM\x80\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x04\0\0\0\x04\0\0\0\x01\0', 'latin1'),
]

test('any bytes behind the signature of an image are read or refused', () => {
  let read = 0
  const property = fc.property(
    fc.constantFrom(...starts),
    fc.uint8Array({ maxLength: 200 }),
    (start, rest) => {
      // other errors than an ImageError are thrown
      const error = caught(() => graphInput(Buffer.concat([start, rest]), 3))
      if (error) assert.ok(error.message.length > 10)
      else read++
    },
  )
  fc.assert(property, { numRuns: 2000 })
  assert.ok(read < 2000)
})
