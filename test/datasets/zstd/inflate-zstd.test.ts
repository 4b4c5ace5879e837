import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import * as fc from 'fast-check'
import { InputFile } from '../../../src/datasets/input-file.js'
import { type DatasetLimits, defaultLimits } from '../../../src/datasets/limits.js'
import { decodeZstd, inflateZstd } from '../../../src/datasets/zstd/inflate-zstd.js'
import { Xxh64 } from '../../../src/datasets/zstd/xxh64.js'
import { TrainyardError } from '../../../src/errors.js'
import { tempFolder } from '../../../testing/temp-folder.js'

const root = await tempFolder({ after })
let files = 0

function inflate(packed: Uint8Array, limits: Partial<DatasetLimits> = {}): Buffer {
  const [from, to] = [join(root, `${files++}`), join(root, `${files++}`)]
  writeFileSync(from, packed)
  const input = new InputFile('a.zst', from)
  try {
    inflateZstd(input, to, { ...defaultLimits, ...limits })
    return readFileSync(to)
  } finally {
    input.close()
  }
}

const fixtures = join(import.meta.dirname, '../../../../test/datasets/fixtures')

/** The text of `plainText` as zstd 1.5 wrote it. */
const frames = ['words-3.zst', 'words-19.zst', 'words-fast.zst'].map(
  name => [name, readFileSync(join(fixtures, name))] as const,
)

/** Words in the order of a generator. */
function plainText(): Buffer {
  const words: string[] = []
  let state = 7
  for (let at = 0; at < 4000; at++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    words.push(`${(state >>> 16) % 1000} w${(state >>> 8) % 37}${at % 100 === 0 ? '\n' : ''}`)
  }
  return Buffer.from(words.join(' '))
}

test('frames of zstd at its levels are inflated', () => {
  const expected = plainText()
  for (const [name, frame] of frames) assert.ok(inflate(frame).equals(expected), name)
  const two = Buffer.concat([frames[0]![1], frames[1]![1]])
  assert.equal(inflate(two).length, 2 * expected.length)
  // a skippable frame of 3 bytes
  const skippable = Buffer.from('502a4d1803000000616263', 'hex')
  assert.ok(inflate(Buffer.concat([skippable, frames[0]![1]])).equals(expected))
})

test('what zstd writes here is inflated', {
  skip: spawnSync('zstd', ['-V']).error && 'no zstd',
}, () => {
  const inputs = [
    Buffer.alloc(0),
    Buffer.from('a'),
    Buffer.alloc(1_000_000, 'ab'),
    createHash('sha256').update('x').digest(),
    Buffer.concat(
      Array.from({ length: 20_000 }, (_, n) =>
        createHash('md5')
          .update(`${n % 5000}`)
          .digest(),
      ),
    ),
    readFileSync(join(fixtures, 'flower_photos.tgz')),
  ]
  for (const input of inputs) {
    for (const options of [['-3'], ['-19'], ['--fast=5', '--no-check']]) {
      const packed = spawnSync('zstd', ['-q', '-c', ...options], { input, maxBuffer: 2 ** 28 })
      assert.equal(packed.status, 0)
      assert.ok(inflate(packed.stdout).equals(input), options.join(' '))
    }
  }
})

test('a frame that is damaged, cut short or too large is refused', () => {
  const frame = frames[0]![1]
  const refused = (packed: Uint8Array, code: string, message: RegExp, limits = {}) =>
    assert.throws(() => inflate(packed, limits), { code, message })
  refused(frame.subarray(0, -1), 'DATASET_TRUNCATED', /^a\.zst: byte \d+: the Zstandard ends early/)
  refused(frame.subarray(0, 5), 'DATASET_TRUNCATED', /ends early/)
  const checksum = Buffer.from(frame)
  checksum[frame.length - 1]! ^= 1
  refused(checksum, 'DATASET_CHECKSUM', /checksum of its content is 0x/)
  refused(Buffer.concat([frame, Buffer.from('tail')]), 'DATASET_TRAILING_BYTES', /after a frame/)
  refused(frame, 'DATASET_TOO_LARGE', /more than 1000 bytes/, { uploadBytes: 1000 })
  // a window of 128 MiB, before memory is taken
  refused(Buffer.from('28b52ffd0088010000', 'hex'), 'DATASET_TOO_LARGE', /window of 134217728/)
  refused(Buffer.from('28b52ffd0358aabbccdd010000', 'hex'), 'DATASET_FORMAT', /needs a dictionary/)
  // blocks of one repeated byte: 4 bytes for 128 KiB
  const block = Buffer.from('02001000', 'hex')
  const bomb = Buffer.concat([Buffer.from('28b52ffd0058', 'hex'), ...Array(500).fill(block)])
  refused(bomb, 'DATASET_TOO_LARGE', /inflates more than 100 times/)
})

test('any bytes, and any change of a frame, end in an answer', async () => {
  const attempt = (packed: Uint8Array) => {
    try {
      inflate(packed)
    } catch (error) {
      if (!(error instanceof TrainyardError)) throw error
    }
  }
  const magic = Buffer.from('28b52ffd', 'hex')
  await fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), bytes => attempt(Buffer.concat([magic, bytes]))),
    { numRuns: 100 },
  )
  // one compressed block of any bytes
  await fc.assert(
    fc.property(fc.uint8Array({ minLength: 3, maxLength: 200 }), bytes => {
      const header = Buffer.alloc(3)
      header.writeUIntLE((bytes.length << 3) | 5, 0, 3)
      attempt(Buffer.concat([magic, Buffer.from('0058', 'hex'), header, bytes]))
    }),
    { numRuns: 300 },
  )
  const [, frame] = frames[0]!
  await fc.assert(
    fc.property(fc.nat(frame.length - 1), fc.nat(255), (at, value) => {
      const changed = Buffer.from(frame)
      changed[at] = value
      attempt(changed)
    }),
    { numRuns: 100 },
  )
})

test('bytes in memory are decoded to exactly as many as expected', () => {
  const [, frame] = frames[0]!
  const expected = plainText()
  assert.ok(decodeZstd(frame, expected.length).equals(expected))
  for (const length of [0, expected.length - 1, expected.length + 1]) {
    assert.throws(() => decodeZstd(frame, length), /bytes/)
  }
})

// fzstd 0.1.1 does not end on it
test('a table of Huffman weights with one symbol of all states is refused', () => {
  const block = '4d000002410104f003ffff00'
  assert.throws(
    () => decodeZstd(Buffer.from(`28b52ffd0058${block}`, 'hex'), 16),
    /too many weights/,
  )
})

test('XXH64 gives the published values', () => {
  const hash = (text: string, parts = 1) => {
    const sum = new Xxh64()
    const bytes = Buffer.from(text)
    for (let part = 0; part < parts; part++) {
      const [from, to] = [part, part + 1].map(at => Math.floor((at * bytes.length) / parts))
      sum.update(bytes.subarray(from, to))
    }
    return sum
      .digest()
      .map(half => (half >>> 0).toString(16).padStart(8, '0'))
      .join('')
  }
  assert.equal(hash(''), 'ef46db3751d8e999')
  assert.equal(hash('a'), 'd24ec4f1a98c6e5b')
  assert.equal(hash('abc'), '44bc2cf5ad770999')
  const long = 'Nobody inspects the spammish repetition'
  assert.equal(hash(long), 'fbcea83c8a378bf1')
  for (const parts of [2, 3, 5, 39]) assert.equal(hash(long, parts), hash(long))
})
