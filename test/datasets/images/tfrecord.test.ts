import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { detectFormat, openImageSource } from '../../../src/datasets/detect.js'
import { computeImageStatistics } from '../../../src/datasets/images/image-survey.js'
import { nextRecordOffset, TfrecordWriter } from '../../../src/datasets/images/tfrecord-reader.js'
import { InputFile } from '../../../src/datasets/input-file.js'
import { defaultLimits } from '../../../src/datasets/limits.js'
import { TrainyardError } from '../../../src/errors.js'
import { tempFolder } from '../../../testing/temp-folder.js'
import { fixture } from '../uploads.js'

/** The number of records, or the error. */
async function survey(path: string, content: Uint8Array): Promise<number | TrainyardError> {
  await writeFile(path, content)
  const file = new InputFile('upload', path)
  try {
    const source = openImageSource([file], detectFormat([file]) as 'TFRecord', {}, defaultLimits)
    computeImageStatistics(source, null)
    return source.records
  } catch (error) {
    assert.ok(error instanceof TrainyardError, String(error))
    return error
  } finally {
    file.close()
  }
}

function assertRefused(found: number | TrainyardError, code: string, record: number, byte: number) {
  assert.ok(found instanceof TrainyardError, `accepted with ${found} records`)
  assert.equal(found.code, code, found.message)
  assert.ok(found.message.startsWith(`upload: record ${record} at byte ${byte}: `), found.message)
  assert.equal(found.errors[0]!.path, `upload#record=${record}&byte=${byte}`)
}

test('every cut of a TFRecord is refused with record and byte', async t => {
  const path = join(await tempFolder(t), 'cut')
  const whole = await fixture('grey-8x8.tfrecord')
  const length = whole.length / 6
  for (let cut = 1; cut < whole.length; cut++) {
    const found = await survey(path, whole.subarray(0, cut))
    const record = Math.floor(cut / length)
    // A cut between two records is a smaller data set, and nothing in the format tells
    if (cut % length === 0) assert.equal(found, record)
    else assertRefused(found, 'DATASET_TRUNCATED', record, record * length)
  }
})

test('every flipped bit of a TFRecord is refused with record and byte', async t => {
  const path = join(await tempFolder(t), 'flipped')
  const whole = await fixture('grey-8x8.tfrecord')
  const length = whole.length / 6
  for (let bit = 0; bit < 8 * whole.length; bit += 3) {
    const at = bit >> 3
    const flipped = Buffer.from(whole)
    flipped[at]! ^= 1 << (bit & 7)
    const record = Math.floor(at / length)
    // With the upper half of its first length not 0, a file no longer looks like a TFRecord at all
    const code = at >= 4 && at < 8 ? 'DATASET_FORMAT' : 'DATASET_CHECKSUM'
    assertRefused(await survey(path, flipped), code, record, record * length)
  }
})

test('our records are framed as TensorFlow frames them', async t => {
  const theirs = await fixture('grey-8x8.tfrecord')
  const writer = new TfrecordWriter(join(await tempFolder(t), 'copy'))
  for (let offset = 0; offset < theirs.length; ) {
    const length = Number(theirs.readBigUInt64LE(offset))
    writer.write(theirs.subarray(offset + 12, offset + 12 + length))
    offset = nextRecordOffset(offset, length)
  }
  const { records, bytes, sha256 } = writer.close()
  const expected = createHash('sha256').update(theirs).digest('hex')
  assert.deepEqual([records, bytes, sha256], [6, theirs.length, expected])
})
