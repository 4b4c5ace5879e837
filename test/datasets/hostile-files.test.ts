// Files that were made to harm, or look so. Each is refused by an error that says what is wrong with it, in a
// process that neither grows nor keeps files open. Archives have their own corpus.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deflateSync, gzipSync } from 'node:zlib'
import type { UploadForm } from '../../src/datasets/form.js'
import { TrainyardError } from '../../src/errors.js'
import { tempFolder } from '../../testing/temp-folder.js'
import { npy, uint8Npy } from './arrays/npy-file.js'
import { bmp, gif, jpegHeader, png, recordOfLength, webp } from './bombs.js'
import { convertFiles, filesClosed, inFolder, openFiles } from './convert-files.js'
import { bytes, example, int64, record } from './images/examples.js'
import { freshDatasets, idx } from './uploads.js'

type Files = Record<string, Buffer>
interface Case {
  files: Files
  form?: UploadForm
  /** Of the code and the message. */
  expected: RegExp
}

const withImage = (image: Uint8Array): Files => ({
  a: example({ image: bytes(image), label: int64(0) }),
})

/** An IDX header of these sizes, and few elements. */
function idxHeader(...sizes: number[]): Buffer {
  return idx(sizes, Buffer.alloc(16))
}

const text = (content: string): Files => ({ 'a.csv': Buffer.from(content) })
const labels = idx([4], Buffer.alloc(4))

const cases: Record<string, Case> = {
  'IDX of 2^96 pixels': {
    files: { i: idxHeader(2 ** 32 - 1, 2 ** 32 - 1, 2 ** 32 - 1), l: labels },
    expected: /^DATASET_TRUNCATED i: .*7.9\d*e\+28 bytes/,
  },
  'IDX that ends early': {
    files: { i: idxHeader(4, 3, 3), l: labels },
    expected: /^DATASET_TRUNCATED i: record 1/,
  },
  'IDX with more than it says': {
    files: { i: idxHeader(2, 2, 2), l: labels },
    expected: /^DATASET_TRAILING_BYTES i: byte 24/,
  },
  'IDX of nothing': {
    files: { i: idxHeader(0, 28, 28), l: labels },
    expected: /^DATASET_EMPTY i: /,
  },
  'IDX of seven dimensions': {
    files: { i: idxHeader(1, 1, 1, 1, 1, 1, 16), l: labels },
    expected: /^DATASET_FORMAT i: .*7 dimensions/,
  },
  'IDX of doubles': {
    files: { i: Buffer.concat([Buffer.from([0, 0, 0x0e, 3]), Buffer.alloc(28)]), l: labels },
    expected: /^DATASET_FORMAT i: .*type 0x0e/,
  },
  'IDX of one huge image': {
    files: { i: idxHeader(1, 65_535, 65_535), l: labels },
    expected: /^DATASET_T/,
  },
  'TFRecord of 2^63 bytes': {
    files: { a: recordOfLength(2n ** 63n, Buffer.alloc(8)) },
    expected: /^DATASET_TOO_LARGE a: record 0.*9223372036854775808 bytes/,
  },
  'TFRecord that is longer than its file': {
    files: { a: recordOfLength(1000n, Buffer.alloc(8)) },
    expected: /^DATASET_TRUNCATED a: record 0.*12 of the 1004 bytes/,
  },
  'TFRecord of a wrong checksum': {
    files: { a: Buffer.from(record(Buffer.from('abc')).map((byte, at) => (at === 13 ? 0 : byte))) },
    expected: /^DATASET_CHECKSUM a: record 0/,
  },
  'Example whose feature is longer than it': {
    files: { a: record(Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f])) },
    expected: /^DATASET_FORMAT a: record 0/,
  },
  'Example in Example in Example': {
    files: { a: record(nestedProtobuf(20_000)) },
    expected: /^DATASET_(FORMAT|IMAGE|LABELS) a: record 0/,
  },
  'PNG of four thousand million pixels': {
    files: withImage(png(65_535, 65_535, Buffer.alloc(100))),
    expected: /^DATASET_TOO_LARGE a: record 0.*65535 x 65535/,
  },
  'PNG of 2^62 pixels': {
    files: withImage(png(2 ** 31 - 1, 2 ** 31 - 1, Buffer.alloc(100))),
    expected: /^DATASET_(TOO_LARGE|IMAGE) a: record 0/,
  },
  'PNG of a wide row': {
    files: withImage(png(1, 2 ** 31 - 1, Buffer.alloc(100))),
    expected: /^DATASET_(TOO_LARGE|IMAGE) a: record 0/,
  },
  'PNG without rows': {
    files: withImage(png(8, 8, Buffer.alloc(0))),
    expected: /^DATASET_IMAGE a: record 0/,
  },
  'JPEG of four thousand million pixels': {
    files: withImage(jpegHeader(65_535, 65_535)),
    expected: /^DATASET_(TOO_LARGE|IMAGE) a: record 0/,
  },
  'JPEG without a scan': {
    files: withImage(jpegHeader(8, 8)),
    expected: /^DATASET_IMAGE a: record 0/,
  },
  'JPEG of no pixels': {
    files: withImage(jpegHeader(0, 8)),
    expected: /^DATASET_IMAGE a: record 0.*0 x 8/,
  },
  'GIF of four thousand million pixels': {
    files: withImage(gif(65_535, 65_535)),
    expected: /^DATASET_(TOO_LARGE|IMAGE|DIMENSIONS) a: record 0/,
  },
  'BMP of 2^62 pixels': {
    files: withImage(bmp(2 ** 31 - 1, 2 ** 31 - 1)),
    expected: /^DATASET_(TOO_LARGE|IMAGE|DIMENSIONS) a: record 0/,
  },
  'BMP of -2^31 rows': {
    files: withImage(bmp(-(2 ** 31), 8)),
    expected: /^DATASET_(TOO_LARGE|IMAGE|DIMENSIONS) a: record 0/,
  },
  'BMP without pixels': {
    files: withImage(bmp(64, 64)),
    expected: /^DATASET_(IMAGE|DIMENSIONS) a: record 0/,
  },
  'WebP of 2^28 pixels': {
    files: withImage(webp(16_384, 16_384)),
    expected: /^DATASET_(TOO_LARGE|IMAGE|DIMENSIONS) a: record 0/,
  },
  'WebP without pixels': {
    files: withImage(webp(8, 8)),
    expected: /^DATASET_(IMAGE|DIMENSIONS) a: record 0/,
  },
  'raw pixels of a size that no memory has': {
    files: withImage(Buffer.alloc(64)),
    form: { height: '65535', width: '65535' },
    expected: /^DATASET_/,
  },
  'CSV of a row of 17 MiB': {
    files: text(`a,b\n${'x'.repeat(17 * 2 ** 20)},1\n`),
    expected: /^DATASET_TOO_LARGE a\.csv: line 2/,
  },
  'CSV of a quote that never ends': {
    files: text(`a,b\n1,"${'x\n'.repeat(9 * 2 ** 20)}`),
    expected: /^DATASET_(ROW|TOO_LARGE) a\.csv: line 2/,
  },
  'CSV of a million columns': {
    files: text(`${'a,'.repeat(1_000_000)}b\n`),
    expected: /^DATASET_TOO_LARGE a\.csv: line 1/,
  },
  'CSV of commas': {
    files: text(`${','.repeat(5000)}\n`.repeat(50)),
    expected: /^DATASET_HEADER a\.csv: line 1/,
  },
  'CSV with a NUL byte': {
    files: text(`${'a,b\n1,2\n'.repeat(100)}1,\0\n`),
    expected: /^DATASET_ENCODING a\.csv: line 201/,
  },
  'CSV with bytes that are no UTF-8': {
    files: { 'a.csv': Buffer.from('a,b\n1,\xff\n', 'latin1') },
    expected: /^DATASET_ENCODING a\.csv: line 2/,
  },
  'a pickle': {
    files: { a: Buffer.from('\x80\x04\x95\x10\0\0\0\0\0\0\0cposix\nsystem\n(S"x"\ntR.', 'latin1') },
    expected: /^DATASET_FORMAT a: .*a Python pickle/,
  },
  'gzip in gzip': {
    files: { a: gzipSync(Buffer.alloc(1000)) },
    expected: /^DATASET_FORMAT a: .*gzip/,
  },
  'a file of nothing': { files: { a: Buffer.alloc(0) }, expected: /^DATASET_EMPTY a: / },
  'a file of one byte': { files: { a: Buffer.from([0]) }, expected: /^DATASET_TRUNCATED a: / },
  'a file of zeros': { files: { a: Buffer.alloc(2 ** 20) }, expected: /^DATASET_/ },
  'NPY of a header that is a program': {
    files: { 'a.npy': npy("__import__('os').system('true')", Buffer.alloc(8)) },
    expected: /^DATASET_FORMAT a\.npy: /,
  },
  'NPY of more than it has': {
    files: { 'a.npy': uint8Npy([2 ** 40, 2 ** 40], Buffer.alloc(8)) },
    expected: /^DATASET_(TRUNCATED|FORMAT) a\.npy: /,
  },
  'NPY of a header of 4 GiB': {
    files: { 'a.npy': npy('', Buffer.alloc(8), { length: 2 ** 32 - 1 }) },
    expected: /^DATASET_(TOO_LARGE|FORMAT) a\.npy: /,
  },
  'NPY of a header of brackets': {
    files: { 'a.npy': npy('['.repeat(500_000), Buffer.alloc(8)) },
    expected: /^DATASET_FORMAT a\.npy: /,
  },
  'JSON within JSON within JSON': {
    files: { 'a.json': Buffer.from(`${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}\n`) },
    expected: /^DATASET_/,
  },
  'JSON of open brackets': {
    files: { 'a.json': Buffer.from('['.repeat(10 ** 6)) },
    expected: /^DATASET_/,
  },
  'Parquet of noise': {
    files: {
      'a.parquet': Buffer.concat([
        Buffer.from('PAR1'),
        Buffer.alloc(100, 0xff),
        Buffer.from('PAR1'),
      ]),
    },
    expected: /^DATASET_/,
  },
  'Parquet whose footer is longer than it': {
    files: {
      'a.parquet': Buffer.concat([
        Buffer.from('PAR1'),
        Buffer.alloc(8),
        Buffer.from([0xff, 0xff, 0xff, 0x7f]),
        Buffer.from('PAR1'),
      ]),
    },
    expected: /^DATASET_/,
  },
  'Arrow of noise': {
    files: {
      'a.arrow': Buffer.concat([
        Buffer.from('ARROW1\0\0'),
        Buffer.alloc(100, 0xff),
        Buffer.from('ARROW1'),
      ]),
    },
    expected: /^DATASET_/,
  },
}

/** What a hostile file may make the process take, beside what the largest file of the corpus has. */
const maxGrowthMiB = 400

test('hostile files are refused by name, and neither memory nor open files grow', async t => {
  const root = await tempFolder(t)
  // loads TensorFlow, which takes its memory once
  await refuse(root, cases['PNG without rows']!)
  const before = { memory: process.resourceUsage().maxRSS, files: openFiles() }
  for (const [name, hostile] of Object.entries(cases)) {
    await t.test(name, async () => {
      const error = await refuse(root, hostile)
      assert.match(`${error.code} ${error.message}`, hostile.expected)
      assert.ok(['invalid', 'too_large'].includes(error.kind), error.kind)
      assert.ok(error.errors.length > 0)
      assert.ok(error.message.length < 3000, `a message of ${error.message.length} characters`)
      assert.doesNotMatch(error.message, new RegExp(root), 'a path of the server')
      await filesClosed(before.files)
    })
  }
  const grownMiB = (process.resourceUsage().maxRSS - before.memory) / 1024
  assert.ok(grownMiB < maxGrowthMiB, `the memory grew by ${Math.round(grownMiB)} MiB`)
})

test('a hostile upload leaves no file', async t => {
  const { assertRejected } = await freshDatasets(t)
  for (const [name, code] of [
    ['PNG of a wide row', 'DATASET_TOO_LARGE'],
    ['TFRecord of 2^63 bytes', 'DATASET_TOO_LARGE'],
    ['CSV with a NUL byte', 'DATASET_ENCODING'],
    ['NPY of a header of 4 GiB', 'DATASET_TOO_LARGE'],
  ] as const) {
    await assertRejected(cases[name]!.files, code, /./)
  }
  const bombs: [string, Buffer, RegExp][] = [
    ['gzip', gzipSync(Buffer.alloc(64 * 2 ** 20)), /the gzip inflates more than 100 times/],
    ['zlib', deflateSync(Buffer.alloc(64 * 2 ** 20)), /the zlib inflates more than 100 times/],
  ]
  for (const [name, bomb, message] of bombs) {
    await assertRejected({ [name]: bomb }, 'DATASET_TOO_LARGE', message)
  }
})

async function refuse(root: string, { files, form }: Case): Promise<TrainyardError> {
  return inFolder(root, async folder => {
    try {
      await convertFiles(folder, files, form)
    } catch (error) {
      if (error instanceof TrainyardError) return error
      throw error
    }
    throw new Error('accepted')
  })
}

/** A message of protocol buffers in the first field of another, and so on. */
function nestedProtobuf(depth: number): Buffer {
  const parts: Buffer[] = []
  let length = 0
  for (let level = 0; level < depth; level++) {
    const part = [0x0a]
    for (let rest = length; ; rest >>>= 7) {
      if (rest < 128) {
        part.push(rest)
        break
      }
      part.push((rest & 127) | 128)
    }
    parts.push(Buffer.from(part))
    length += part.length
  }
  return Buffer.concat(parts.reverse())
}
