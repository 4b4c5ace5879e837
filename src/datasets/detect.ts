import { fileError } from './errors.js'
import { openIdx, startsIdx } from './idx.js'
import type { Dimensions, ImageSource } from './image-source.js'
import type { InputFile } from './input-file.js'
import type { Limits } from './limits.js'
import { startsRecord } from './tfrecord.js'
import { openTfrecords } from './tfrecord-source.js'

/** What people send by mistake, by how it begins. */
const foreign: readonly [start: string, name: string][] = [
  ['\x1f\x8b', 'gzip within gzip'],
  ['PK', 'a zip archive'],
  ['PAR1', 'a Parquet file'],
  ['\x93NUMPY', 'a NumPy array'],
  ['\x89PNG', 'a PNG image'],
  ['\xff\xd8\xff', 'a JPEG image'],
  ['\x89HDF', 'an HDF5 file'],
  ['BZh', 'a bzip2 file'],
  ['\xfd7zXZ', 'an xz file'],
  ['\x28\xb5\x2f\xfd', 'a Zstandard file'],
]

/** Opens the files of an upload by what is in them, whatever they are called. */
export function openSource(
  files: InputFile[],
  given: Partial<Dimensions>,
  limits: Limits,
): ImageSource {
  const kinds = files.map(kindOf)
  if (kinds.every(kind => kind === 'IDX')) return openIdx(files, given, limits)
  if (kinds.every(kind => kind === 'TFRecord')) return openTfrecords(files, given, limits)
  const found = files.map((file, index) => `${file.name} is ${kinds[index]}`).join(', ')
  const trouble = `expected IDX files or TFRecord files, not both: ${found.slice(0, 500)}`
  throw fileError('DATASET_FORMAT', { file: files[0]!.name }, trouble)
}

function kindOf(file: InputFile): 'IDX' | 'TFRecord' {
  const start = file.read(0, 12)
  const place = { file: file.name, record: 0, byte: 0 }
  if (start.length === 0) throw fileError('DATASET_EMPTY', { file: file.name }, 'the file is empty')
  // The checksum first: it cannot be met by chance, while a record's length can look like IDX's magic
  if (startsRecord(start)) return 'TFRecord'
  if (startsIdx(start)) return 'IDX'
  const text = start.toString('latin1')
  const name = foreign.find(([beginning]) => text.startsWith(beginning))?.[1]
  const expected = 'expected IDX or TFRecord, each as it is or gzipped'
  if (name) throw fileError('DATASET_FORMAT', place, `the file is ${name}, ${expected}`)
  if (start.length < 12) {
    const trouble = `the file ends after ${start.length} bytes, ${expected}`
    throw fileError('DATASET_TRUNCATED', place, trouble)
  }
  // The upper half of a record's length is 0 in any real file: a damaged TFRecord, to be told exactly
  if (start.readUInt32LE(4) === 0) return 'TFRecord'
  throw fileError('DATASET_FORMAT', place, `the file begins with ${hex(start)}, ${expected}`)
}

const hex = (bytes: Buffer) => bytes.toString('hex').replace(/..(?=.)/g, '$& ')
