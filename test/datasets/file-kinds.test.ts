import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { deflateSync, gzipSync, inflateSync } from 'node:zlib'
import { nameForeignFile } from '../../src/datasets/file-kinds.js'
import { defaultLimits } from '../../src/datasets/limits.js'
import { spoolToDisk } from '../../src/datasets/spool.js'
import { tempFolder } from '../../testing/temp-folder.js'
import { chunked, fixture } from './uploads.js'

test('a file of a kind that is not read is named', () => {
  const latin1 = (text: string) => Buffer.from(text, 'latin1')
  const named: [content: Buffer, name: string | null][] = [
    [Buffer.concat([latin1('GIF89a'), Buffer.alloc(20)]), 'a GIF image'],
    [latin1('RIFF\x24\x08\0\0WEBPVP8 '), 'a WebP image'],
    [latin1('BM\x46\0\0\0\0\0\0\0\x36\0'), 'a BMP image'],
    [latin1('\0\0\0\x18ftypheic\0\0\0\0'), 'a HEIC image'],
    [latin1('\x80\x04\x95\x0c\0'), 'a Python pickle'],
    [
      latin1('\x80\x02}q\x01(U\x0bbatch_labelq\x02U\x15training batch 1 of 5q'),
      "CIFAR's Python version, a pickle, which could run any program: send the binary version (data_batch_1.bin, train.bin)",
    ],
    [
      latin1('\x80\x04\x95\x00\0\0\x8c\x11pandas.core.frame\x94'),
      'a Python pickle of pandas, which could run any program: save the table by to_parquet',
    ],
    [latin1('7z\xbc\xaf\x27\x1c\0\x04'), 'a 7z archive'],
    [latin1('%PDF-1.7\n'), 'a PDF document'],
    [latin1('SQLite format 3\0'), 'an SQLite database'],
    // tables
    [latin1('ORCID,BMI,PAR1\n1,2,3\n'), null],
    [latin1('BM,x\n'.repeat(200)), null],
  ]
  for (const [content, name] of named) assert.equal(nameForeignFile(content), name)
})

test('a file in zlib is inflated like a gzipped one, and a table that begins like zlib is text', async t => {
  const folder = await tempFolder(t)
  let files = 0
  const spool = async (content: Buffer) => {
    const path = join(folder, String(files++))
    const usage = { receivedBytes: 0, inflatedBytes: 0 }
    await spoolToDisk('a', chunked(content), path, usage, defaultLimits)
    return readFile(path)
  }
  const plain = await fixture('grey-8x8.tfrecord')
  const written = await fixture('zlib.tfrecord.zlib')
  assert.deepEqual(await spool(written), inflateSync(written))
  assert.deepEqual(await spool(gzipSync(plain)), plain)
  for (const level of [0, 1, 4, 6, 9]) {
    assert.deepEqual(await spool(deflateSync(plain, { level })), plain)
  }
  for (const text of ['x', 'x^2,y\n', `x^2,y\n${'1,2\n'.repeat(50)}`]) {
    assert.equal((await spool(Buffer.from(text))).toString(), text)
  }
})
