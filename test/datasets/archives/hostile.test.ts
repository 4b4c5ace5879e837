import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { after, test } from 'node:test'
import { deflateRawSync } from 'node:zlib'
import type { DatasetLimits } from '../../../src/datasets/limits.js'
import { TrainyardError } from '../../../src/errors.js'
import { tempFolder } from '../../../testing/temp-folder.js'
import { paxRecord, type TarEntry, tarFile } from './tar-writer.js'
import { pngOf, readTree } from './trees.js'
import { type ZipEntry, zipFile } from './zip-writer.js'

const root = await tempFolder({ after })

const image = pngOf(1)
const good: ZipEntry[] = [
  { name: 'a/1.png', content: image },
  { name: 'b/1.png', content: image },
]

/** Asserts a refusal that names what is wrong, without files outside the folder of the upload. */
async function assertRefused(
  content: Buffer,
  code: string,
  message: RegExp,
  limits: Partial<DatasetLimits> = {},
): Promise<void> {
  const folder = await tempFolder({ after })
  const error = await readTree(folder, { 'a.zip': content }, { limits }).then(
    () => assert.fail(`accepted, expected ${message}`),
    (error: unknown) => error,
  )
  assert.ok(error instanceof TrainyardError, String((error as Error).stack))
  assert.deepEqual([error.code, error.kind], [code, 'invalid'], error.message)
  assert.match(error.message, message)
  assert.ok(error.errors.length > 0)
  // the upload itself, and nothing that it extracted
  const [upload, ...others] = await readdir(folder)
  assert.deepEqual(others, [])
  assert.deepEqual(await readdir(`${folder}/${upload}`), ['0'])
}

const inZip = (entry: ZipEntry) => zipFile([...good, { content: image, ...entry }])
const inTar = (...entries: TarEntry[]) =>
  tarFile([{ name: 'a/1.png', content: image }, { name: 'b/1.png', content: image }, ...entries])

const wrongNames: [name: string, message: RegExp][] = [
  ['../evil.png', /a\.zip: \.\.\/evil\.png: the name leads elsewhere by/],
  ['a/../../evil.png', /leads elsewhere by/],
  ['/etc/evil.png', /is an absolute path/],
  ['C:/evil.png', /is an absolute path/],
  ['a\\..\\evil.png', /has a backslash/],
  ['a/%2e%2e/evil.png', /encoded dot, slash or NUL/],
  ['a/%252e%252e%252fevil.png', /encoded dot, slash or NUL/],
  ['a/evil\u0000.png', /control character/],
  ['a/evil\n.png', /control character/],
  ['a//evil.png', /empty step/],
  ['a/./evil.png', /empty step or '\.'/],
  ['a/NUL.png', /'NUL\.png' is the name of a device/],
  ['aux/1.png', /'aux' is the name of a device/],
  ['a/com1', /'com1' is the name of a device/],
  [`a/${'x'.repeat(2000)}.png`, /more than 1024 bytes/],
  [`${'a/'.repeat(40)}1.png`, /below more than 32 folders/],
]

test('names that lead elsewhere on a disk are refused in zip and tar', async () => {
  for (const [name, message] of wrongNames) {
    await assertRefused(inZip({ name }), 'DATASET_FORMAT', message)
    const long: TarEntry[] = [
      { name: '././@LongLink', type: 'L', content: `${name}\0` },
      { name: 'short.png', content: image },
    ]
    // a NUL ends a name in tar
    if (!name.includes('\u0000')) await assertRefused(inTar(...long), 'DATASET_FORMAT', message)
  }
  const pax = paxRecord('path', '../../evil.png')
  await assertRefused(
    inTar({ name: 'x', type: 'x', content: pax }, { name: 'ok.png', content: image }),
    'DATASET_FORMAT',
    /leads elsewhere by/,
  )
})

test('all wrong entries are named at once', async () => {
  const zip = zipFile([
    { name: '../1.png', content: image },
    { name: '/2.png', content: image },
    { name: 'a/3.png', content: image, mode: 0o120777 },
    { name: 'a/4.png', content: image, method: 12 },
  ])
  await assert.rejects(readTree(root, { z: zip }), (error: TrainyardError) => {
    assert.deepEqual(
      error.errors.map(({ path }) => path),
      ['z#entry=../1.png', 'z#entry=/2.png', 'z#entry=a/3.png', 'z#entry=a/4.png'],
    )
    return true
  })
  const many = zipFile(Array.from({ length: 300 }, (_, n) => ({ name: `../${n}`, content: 'x' })))
  await assert.rejects(readTree(root, { z: many }), (error: TrainyardError) => {
    assert.match(error.message, /; and 290 more$/)
    return error.errors.length === 100
  })
})

test('links, devices and pipes are refused', async () => {
  await assertRefused(inZip({ name: 'a/x', mode: 0o120777 }), 'DATASET_FORMAT', /a symbolic link/)
  await assertRefused(
    inZip({ name: 'a/x', mode: 0o060644 }),
    'DATASET_FORMAT',
    /a device or a pipe/,
  )
  const types: [type: string, message: RegExp][] = [
    ['1', /a hard link: write the tar with --hard-dereference/],
    ['2', /a symbolic link: write the tar with --dereference/],
    ['3', /a device/],
    ['4', /a device/],
    ['6', /a pipe/],
    ['S', /a sparse file/],
    ['M', /from another volume/],
    ['\u0001', /the unknown kind/],
  ]
  for (const [type, message] of types) {
    await assertRefused(
      inTar({ name: 'a/x', type, link: '/etc/passwd' }),
      'DATASET_FORMAT',
      message,
    )
  }
  const sparse = [
    { name: 'x', type: 'x', content: paxRecord('GNU.sparse.major', '1') },
    { name: 'a/x', content: image },
  ]
  await assertRefused(inTar(...sparse), 'DATASET_FORMAT', /a sparse file/)
})

test('two entries of one name are refused', async () => {
  const twice = /a\.zip: a\/1\.png: the archive has two entries of this name/
  await assertRefused(inZip({ name: 'a/1.png' }), 'DATASET_FORMAT', twice)
  await assertRefused(inTar({ name: 'a/1.png' }), 'DATASET_FORMAT', twice)
  await assertRefused(inTar({ name: './a/1.png' }), 'DATASET_FORMAT', twice)
})

test('an archive within an archive is refused, and said what to do', async () => {
  const inner = zipFile(good)
  const message =
    /a\.zip: a\/x\.zip: the entry is a zip archive within the archive, which is not unpacked: send its files/
  await assertRefused(inZip({ name: 'a/x.zip', content: inner }), 'DATASET_FORMAT', message)
  // as 42.zip does
  const nest = (depth: number): Buffer =>
    depth === 0
      ? zipFile([{ name: '0.dll', content: Buffer.alloc(1000) }])
      : zipFile([0, 1, 2].map(n => ({ name: `lib ${n}.zip`, content: nest(depth - 1) })))
  await assertRefused(nest(3), 'DATASET_FORMAT', /lib 0\.zip: .*within the archive.*lib 2\.zip/)
  await assertRefused(
    inTar({ name: 'x', content: inTar() }),
    'DATASET_FORMAT',
    /x: .*a tar archive within/,
  )
})

test('entries that share bytes are refused, as in a zip of overlapping files', async () => {
  const kernel = deflateRawSync(Buffer.alloc(100_000))
  const content = { content: Buffer.alloc(100_000), packed: kernel }
  const zip = zipFile([
    { name: 'a/0.png', ...content },
    { name: 'a/1.png', ...content, offset: 0, local: { name: 'a/0.png' } },
  ])
  await assertRefused(
    zip,
    'DATASET_FORMAT',
    /the header at byte 0 has another name than the directory/,
  )
  // quoted headers: the data of the first entry hold the whole second one
  const inner = zipFile([{ name: 'b/1.png', content: image, method: 0 }])
  const entry = inner.subarray(0, 30 + 'b/1.png'.length + image.length)
  const quoting = zipFile([
    { name: 'a/1.png', content: entry, method: 0 },
    { name: 'b/1.png', content: image, method: 0, offset: 30 + 'a/1.png'.length },
  ])
  await assertRefused(quoting, 'DATASET_FORMAT', /'a\/1\.png' share bytes of the zip/)
})

test('bombs are refused before they are inflated', async () => {
  const zeros = Buffer.alloc(64 * 2 ** 20)
  const packed = deflateRawSync(zeros)
  const bomb = zipFile([{ name: 'a/1.png', packed, bytes: zeros.length, checksum: 0 }])
  await assertRefused(bomb, 'DATASET_TOO_LARGE', /more than 100 times/)
  const lying = zipFile([...good, { name: 'a/2.png', packed, bytes: 1000, checksum: 0 }])
  await assertRefused(lying, 'DATASET_SIZE_MISMATCH', /do not inflate to the 1000/)
  const large = { limits: { recordBytes: 50 } }
  await assertRefused(zipFile(good), 'DATASET_TOO_LARGE', /expected at most 50/, large.limits)
  await assertRefused(zipFile(good), 'DATASET_TOO_LARGE', /have more than 100 bytes/, {
    uploadBytes: 100,
  })
  await assertRefused(zipFile(good), 'DATASET_TOO_LARGE', /2 entries, expected at most 1/, {
    entries: 1,
  })
  await assertRefused(inTar(), 'DATASET_TOO_LARGE', /more than 1 entries/, { entries: 1 })
})

test('a zip whose parts contradict each other is refused', async () => {
  const cases: [Buffer, code: string, message: RegExp][] = [
    [inZip({ name: 'a/2.png', checksum: 7 }), 'DATASET_CHECKSUM', /a\/2\.png: .*checksum is 0x/],
    [inZip({ name: 'a/2.png', bytes: 10 }), 'DATASET_SIZE_MISMATCH', /do not inflate to the 10/],
    [inZip({ name: 'a/2.png', bytes: 999 }), 'DATASET_SIZE_MISMATCH', /do not inflate to the 999/],
    [inZip({ name: 'a/2.png', bytes: 10, method: 0 }), 'DATASET_SIZE_MISMATCH', /stored as it is/],
    [
      inZip({ name: 'a/2.png', packedBytes: 1e6, method: 8 }),
      'DATASET_TRUNCATED',
      /the zip ends at/,
    ],
    [inZip({ name: 'a/2.png', flags: 1 }), 'DATASET_FORMAT', /is encrypted/],
    [inZip({ name: 'a/2.png', method: 99 }), 'DATASET_FORMAT', /is encrypted/],
    [inZip({ name: 'a/2.png', flags: 0x41 }), 'DATASET_FORMAT', /is encrypted/],
    [inZip({ name: 'a/2.png', method: 9 }), 'DATASET_FORMAT', /compressed by Deflate64/],
    [inZip({ name: 'a/2.png', method: 12 }), 'DATASET_FORMAT', /compressed by bzip2/],
    [inZip({ name: 'a/2.png', method: 77 }), 'DATASET_FORMAT', /compressed by method 77/],
    [inZip({ name: 'a/2.png', local: { name: 'b/2.png' } }), 'DATASET_FORMAT', /another name/],
    [inZip({ name: 'a/2.png', local: { method: 0 } }), 'DATASET_FORMAT', /another compression/],
    [inZip({ name: 'a/2.png', local: { bytes: 3 } }), 'DATASET_FORMAT', /another size/],
    [inZip({ name: 'a/2.png', local: { checksum: 3 } }), 'DATASET_FORMAT', /another checksum/],
    [inZip({ name: 'a/2.png', offset: 3 }), 'DATASET_FORMAT', /there is no header at byte 3/],
    [inZip({ name: 'a/2.png', offset: 1e9 }), 'DATASET_FORMAT', /is not in the zip/],
    [inZip({ name: 'a/2.png', packed: Buffer.of(0xff, 0xff) }), 'DATASET_CHECKSUM', /is damaged/],
    [zipFile(good, { entries: 1 }), 'DATASET_FORMAT', /says that it has 1 entries, .* has more/],
    [zipFile(good, { entries: 3 }), 'DATASET_FORMAT', /directory of the zip is damaged/],
    [zipFile(good, { directoryOffset: 5 }), 'DATASET_FORMAT', /directory of the zip is damaged/],
    [zipFile(good).subarray(0, -1), 'DATASET_TRUNCATED', /cut short/],
    [zipFile(good).subarray(0, 200), 'DATASET_TRUNCATED', /cut short/],
    [zipFile([]), 'DATASET_EMPTY', /nothing in it/],
  ]
  for (const [zip, code, message] of cases) await assertRefused(zip, code, message)
})

test('a tar that is damaged or cut short is refused with the place', async () => {
  const header = (entry: Partial<TarEntry>) => inTar({ name: 'a/2.png', content: image, ...entry })
  const negative = Buffer.alloc(12, 0xff)
  const huge = Buffer.concat([Buffer.of(0x80), Buffer.alloc(11, 0x7f)])
  const cases: [Buffer, code: string, message: RegExp][] = [
    [header({ checksum: '000000\0 ' }), 'DATASET_CHECKSUM', /byte 2048: .*sum of its header/],
    [header({ size: negative }), 'DATASET_FORMAT', /byte 2048: .*is no number of bytes/],
    [header({ size: huge }), 'DATASET_FORMAT', /is no number of bytes/],
    [header({ size: '99999999999\0' }), 'DATASET_FORMAT', /is no number of bytes/],
    [header({ size: '77777777777\0' }), 'DATASET_TRUNCATED', /a\/2\.png: byte \d+: the tar ends/],
    [header({ type: 'x', content: '99 path=x\n' }), 'DATASET_FORMAT', /extended header is damaged/],
    [header({ type: 'x', content: Buffer.alloc(1e5) }), 'DATASET_FORMAT', /100000 bytes, expected/],
    [header({ type: 'L', content: Buffer.alloc(1e5) }), 'DATASET_FORMAT', /100000 bytes, expected/],
    [header({ type: 'g', content: paxRecord('path', 'x') }), 'DATASET_FORMAT', /for all entries/],
    [inTar().subarray(0, 2048), 'DATASET_TRUNCATED', /without its end mark/],
    [inTar().subarray(0, 1400), 'DATASET_TRUNCATED', /ends within the header/],
    [inTar().subarray(0, 1550), 'DATASET_TRUNCATED', /b\/1\.png: .*ends after 14 of/],
    [Buffer.concat([inTar(), inTar()]), 'DATASET_TRAILING_BYTES', /after its end mark/],
  ]
  for (const [tar, code, message] of cases) await assertRefused(tar, code, message)
  const size = { name: 'x', type: 'x', content: paxRecord('size', '-1') }
  await assertRefused(
    inTar(size, { name: 'a/2.png', content: image }),
    'DATASET_FORMAT',
    /its size '-1' is no number/,
  )
})
