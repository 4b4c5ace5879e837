import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { detectFormat } from '../../../src/datasets/detect.js'
import { validateForm } from '../../../src/datasets/form.js'
import {
  nextRecordOffset,
  TfrecordWriter,
} from '../../../src/datasets/images/tfrecord/tfrecord-reader.js'
import { openTfrecords } from '../../../src/datasets/images/tfrecord/tfrecord-source.js'
import { InputFile } from '../../../src/datasets/input-file.js'
import { defaultLimits } from '../../../src/datasets/limits.js'
import { TrainyardError } from '../../../src/errors.js'
import { tempFolder } from '../../../testing/temp-folder.js'
import { fixture } from '../uploads.js'

const form = validateForm({}).images

/** Reads `content` as a TFRecord file. Resolves to the number of records or the error. */
async function survey(path: string, content: Uint8Array): Promise<number | TrainyardError> {
  await writeFile(path, content)
  const file = new InputFile('upload', path)
  try {
    detectFormat([file])
    const source = openTfrecords([file], form, defaultLimits)
    for (let record = 0; record < source.records; record++) source.read(record)
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

test('a TFRecord file cut at any byte is refused with record and byte', async t => {
  const path = join(await tempFolder(t), 'cut')
  const whole = await fixture('grey-8x8.tfrecord')
  const length = whole.length / 6
  for (let cut = 1; cut < whole.length; cut++) {
    const found = await survey(path, whole.subarray(0, cut))
    const record = Math.floor(cut / length)
    // A file cut between two records is a valid file with fewer records.
    if (cut % length === 0) assert.equal(found, record)
    else assertRefused(found, 'DATASET_TRUNCATED', record, record * length)
  }
})

test('a TFRecord file with a flipped bit is refused with record and byte', async t => {
  const path = join(await tempFolder(t), 'flipped')
  const whole = await fixture('grey-8x8.tfrecord')
  const length = whole.length / 6
  for (let bit = 0; bit < 8 * whole.length; bit += 3) {
    const at = bit >> 3
    const flipped = Buffer.from(whole)
    flipped[at]! ^= 1 << (bit & 7)
    const record = Math.floor(at / length)
    // A file is detected as TFRecord by the zeros in the upper half of its first length.
    const code = at >= 4 && at < 8 ? 'DATASET_FORMAT' : 'DATASET_CHECKSUM'
    assertRefused(await survey(path, flipped), code, record, record * length)
  }
})

test('TfrecordWriter writes the same bytes as TensorFlow', async t => {
  const expectedFile = await fixture('grey-8x8.tfrecord')
  const writer = new TfrecordWriter(join(await tempFolder(t), 'copy'))
  for (let offset = 0; offset < expectedFile.length; ) {
    const length = Number(expectedFile.readBigUInt64LE(offset))
    writer.write(expectedFile.subarray(offset + 12, offset + 12 + length))
    offset = nextRecordOffset(offset, length)
  }
  const { records, bytes, sha256 } = writer.close()
  const expected = createHash('sha256').update(expectedFile).digest('hex')
  assert.deepEqual([records, bytes, sha256], [6, expectedFile.length, expected])
})
