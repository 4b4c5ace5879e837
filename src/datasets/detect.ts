import { fileError } from './errors.js'
import { openIdx, startsIdx } from './images/idx.js'
import type { Dimensions, ImageSource } from './images/image-source.js'
import { startsRecord } from './images/tfrecord-reader.js'
import { openTfrecords } from './images/tfrecord-source.js'
import type { InputFile } from './input-file.js'
import type { Limits } from './limits.js'

/** What people send by mistake, by how it begins. */
const foreign: readonly [start: string, name: string][] = [
  ['\x1f\x8b', 'gzip within gzip'],
  ['PK\x03\x04', 'a zip archive'],
  ['PK\x05\x06', 'an empty zip archive'],
  ['PAR1', 'a Parquet file'],
  ['ARROW1\0', 'an Arrow file'],
  ['\x93NUMPY', 'a NumPy array'],
  ['\x89PNG', 'a PNG image'],
  ['\xff\xd8\xff', 'a JPEG image'],
  ['\x89HDF', 'an HDF5 file'],
  ['BZh91AY&SY', 'a bzip2 file'],
  ['\xff\xfe', 'UTF-16 text'],
  ['\xfe\xff', 'UTF-16 text'],
  ['\xfd7zXZ', 'an xz file'],
  ['\x28\xb5\x2f\xfd', 'a Zstandard file'],
]

type Kind = 'IDX' | 'TFRecord' | 'CSV'

/** What the files of an upload are, by what is in them, whatever they are called. */
export function kindOfFiles(files: readonly InputFile[]): Kind {
  const kinds = files.map(kindOf)
  const [first] = kinds
  if (first && kinds.every(kind => kind === first)) return first
  const found = files.map((file, index) => `${file.name} is ${kinds[index]}`).join(', ')
  const trouble = `expected files of one kind, IDX, TFRecord or CSV: ${found.slice(0, 500)}`
  throw fileError('DATASET_FORMAT', { file: files[0]!.name }, trouble)
}

export function openSource(
  files: InputFile[],
  kind: 'IDX' | 'TFRecord',
  given: Partial<Dimensions>,
  limits: Limits,
): ImageSource {
  return kind === 'IDX' ? openIdx(files, given, limits) : openTfrecords(files, given, limits)
}

function kindOf(file: InputFile): Kind {
  const start = file.read(0, 12)
  const place = { file: file.name, record: 0, byte: 0 }
  if (start.length === 0) throw fileError('DATASET_EMPTY', { file: file.name }, 'the file is empty')
  // The checksum first: it cannot be met by chance, while a record's length can look like IDX's magic
  if (startsRecord(start)) return 'TFRecord'
  if (startsIdx(start)) return 'IDX'
  const text = start.toString('latin1')
  const name = foreign.find(([beginning]) => text.startsWith(beginning))?.[1]
  const expected = 'expected CSV (UTF-8), IDX or TFRecord, each as it is or gzipped'
  if (name) throw fileError('DATASET_FORMAT', place, `the file is ${name}, ${expected}`)
  if (isText(start)) return 'CSV'
  if (start.length < 12) {
    const trouble = `the file ends after ${start.length} bytes, ${expected}`
    throw fileError('DATASET_TRUNCATED', place, trouble)
  }
  // The upper half of a record's length is 0 in any real file: a damaged TFRecord, to be told exactly
  if (start.readUInt32LE(4) === 0) return 'TFRecord'
  throw fileError('DATASET_FORMAT', place, `the file begins with ${hex(start)}, ${expected}`)
}

/** No control characters but tab and line ends. */
const isText = (bytes: Buffer) =>
  bytes.every(byte => byte >= 32 || byte === 9 || byte === 10 || byte === 13)

const hex = (bytes: Buffer) => bytes.toString('hex').replace(/..(?=.)/g, '$& ')
