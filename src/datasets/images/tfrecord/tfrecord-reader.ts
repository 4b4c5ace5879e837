import { createHash } from 'node:crypto'
import { closeSync, openSync, writeFileSync } from 'node:fs'
import { footerBytes, headerBytes, maskedCrc, recordFrame } from '../../../formats/tfrecord.js'
import { BlockWriter } from '../../block-writer.js'
import { fileError, formatChecksum } from '../../errors.js'
import { InputFile } from '../../input-file.js'

/** True if these bytes are the header of a record, by its checksum. */
export const isRecordHeader = (bytes: Buffer): boolean =>
  bytes.length >= headerBytes && bytes.readUInt32LE(8) === maskedCrc(bytes.subarray(0, 8))

/** Returns the length of a record's data. Throws if the header is damaged or the file is too short. */
export function readRecordLength(
  file: InputFile,
  record: number,
  offset: number,
  recordBytes: number,
): number {
  const location = { file: file.name, record, byte: offset }
  const header = file.read(offset, headerBytes)
  if (header.length < headerBytes) {
    const detail = `the file ends after ${header.length} of the header's ${headerBytes} bytes`
    throw fileError('DATASET_TRUNCATED', location, detail)
  }
  const expected = maskedCrc(header.subarray(0, 8))
  const found = header.readUInt32LE(8)
  if (found !== expected) {
    const detail = `the length's checksum is ${formatChecksum(found)}, expected ${formatChecksum(expected)}`
    throw fileError('DATASET_CHECKSUM', location, detail)
  }
  const declaredLength = header.readBigUInt64LE(0)
  if (declaredLength > recordBytes) {
    const detail = `the record has ${declaredLength} bytes, expected at most ${recordBytes}`
    throw fileError('DATASET_TOO_LARGE', location, detail)
  }
  const length = Number(declaredLength)
  const available = file.size - offset - headerBytes
  if (available < length + footerBytes) {
    const detail = `the file ends after ${available} of the ${length + footerBytes} bytes of data and checksum`
    throw fileError('DATASET_TRUNCATED', location, detail)
  }
  return length
}

/** Returns the data of a record. The next read of the file overwrites it. */
export function readRecord(
  file: InputFile,
  record: number,
  offset: number,
  recordBytes: number,
): Buffer {
  const length = readRecordLength(file, record, offset, recordBytes)
  const body = file.read(offset + headerBytes, length + footerBytes)
  const data = body.subarray(0, length)
  const expected = maskedCrc(data)
  const found = body.readUInt32LE(length)
  if (found !== expected) {
    const location = { file: file.name, record, byte: offset }
    const detail = `the data's checksum is ${formatChecksum(found)}, expected ${formatChecksum(expected)}`
    throw fileError('DATASET_CHECKSUM', location, detail)
  }
  return data
}

/** The data of each record of a stored file, in order. The next record overwrites it. `name` is for errors. */
export function* readRecords(name: string, path: string): Generator<Buffer, void> {
  const file = new InputFile(name, path)
  try {
    for (let record = 0, offset = 0; offset < file.size; record++) {
      const data = readRecord(file, record, offset, file.size)
      offset = nextRecordOffset(offset, data.length)
      yield data
    }
  } finally {
    file.close()
  }
}

/** The offset of the next record. */
export const nextRecordOffset = (offset: number, length: number) =>
  offset + headerBytes + length + footerBytes

export class TfrecordWriter {
  private readonly descriptor: number
  private readonly hash = createHash('sha256')
  private readonly blocks = new BlockWriter(bytes => {
    this.hash.update(bytes)
    writeFileSync(this.descriptor, bytes)
  })
  private records = 0

  constructor(path: string) {
    this.descriptor = openSync(path, 'wx')
  }

  /** The byte at which the next record begins. */
  get position(): number {
    return this.blocks.bytes
  }

  /** Copies the data of a record, which may be in several parts. */
  write(...parts: readonly Uint8Array[]): void {
    const { header, footer } = recordFrame(...parts)
    for (const bytes of [header, ...parts, footer]) this.blocks.append(bytes)
    this.records++
  }

  close(): { records: number; bytes: number; sha256: string } {
    this.blocks.flush()
    closeSync(this.descriptor)
    return { records: this.records, bytes: this.blocks.bytes, sha256: this.hash.digest('hex') }
  }
}
