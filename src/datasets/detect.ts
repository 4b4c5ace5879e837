import { archiveFormat } from './archives/archive-format.js'
import { zipKind } from './archives/zip-kind.js'
import { isNpyHeader } from './arrays/npy.js'
import { fileError } from './errors.js'
import { isText, kindHeadBytes, nameForeignFile, nameImage } from './file-kinds.js'
import { isCifar } from './images/cifar.js'
import { hasIdxSize, isIdxHeader } from './images/idx.js'
import { isRecordHeader } from './images/tfrecord/tfrecord-reader.js'
import type { InputFile } from './input-file.js'
import { isArrowFile, isArrowStream } from './tables/arrow/magic.js'
import { isJsonRecords } from './tables/json/json-format.js'
import { isParquet } from './tables/parquet/magic.js'

/** `Files` are archives, and images as files. */
export type FileFormat =
  | 'IDX'
  | 'TFRecord'
  | 'NumPy'
  | 'CIFAR'
  | 'CSV'
  | 'Parquet'
  | 'Arrow'
  | 'JSON'
  | 'Excel'
  | 'Files'

/** Detects the format from the content of the files, not from their names. Throws if they differ. */
export function detectFormat(files: readonly InputFile[]): FileFormat {
  if (files.some(holdsFiles)) return 'Files'
  const formats = files.map(detectFileFormat)
  const [first] = formats
  // the texts beside CIFAR's files have the names of its classes
  const areCifar = formats.every(format => format === 'CIFAR' || format === 'CSV')
  if (areCifar && formats.includes('CIFAR')) return 'CIFAR'
  if (first && formats.every(format => format === first)) return first
  const found = files.map((file, index) => `${file.name} is ${formats[index]}`).join(', ')
  const detail = `expected files of one kind, such as IDX, TFRecord, NumPy, CIFAR, CSV or Parquet: ${found.slice(0, 500)}`
  throw fileError('DATASET_FORMAT', { file: files[0]!.name }, detail)
}

/** True for an archive or an image. Files beside them may be anything, such as a table of labels. */
function holdsFiles(file: InputFile): boolean {
  const head = Buffer.from(file.read(0, kindHeadBytes))
  const isData = isRecordHeader(head) || isIdxHeader(head)
  const found = !isData && (nameImage(head) !== null || archiveFormat(file) !== null)
  file.close()
  return found
}

function detectFileFormat(file: InputFile): FileFormat {
  const firstBytes = Buffer.from(file.read(0, 12))
  const location = { file: file.name, record: 0, byte: 0 }
  if (firstBytes.length === 0)
    throw fileError('DATASET_EMPTY', { file: file.name }, 'the file is empty')
  // First, since a checksum does not match by chance, while a record's length may equal IDX's magic number.
  if (isRecordHeader(firstBytes)) return 'TFRecord'
  // a black corner of CIFAR's first image looks like the header of an IDX file
  const looksLikeIdx = isIdxHeader(firstBytes)
  if (!(looksLikeIdx && hasIdxSize(file)) && isCifar(file)) return 'CIFAR'
  if (looksLikeIdx) return 'IDX'
  if (isNpyHeader(firstBytes)) return 'NumPy'
  const table = tableFormat(file)
  if (table) return table
  const name = nameFile(file)
  if (name === workbookName) return 'Excel'
  if (name === npzName) return 'NumPy'
  const expected =
    'expected CSV (UTF-8), JSON, Parquet, Arrow, Excel (.xlsx), IDX, TFRecord, NPY, NPZ or CIFAR (binary), each as it is, gzipped, in zlib or Zstandard, or in a zip or tar; or images'
  if (name) throw fileError('DATASET_FORMAT', location, `the file is ${name}, ${expected}`)
  if (isText(firstBytes)) return 'CSV'
  if (firstBytes.length < 12) {
    const detail = `the file ends after ${firstBytes.length} bytes, ${expected}`
    throw fileError('DATASET_TRUNCATED', location, detail)
  }
  // The upper half of a record's length is always 0, so this is a damaged TFRecord, and its reader says where.
  if (firstBytes.readUInt32LE(4) === 0) return 'TFRecord'
  throw fileError(
    'DATASET_FORMAT',
    location,
    `the file begins with ${toHex(firstBytes)}, ${expected}`,
  )
}

/** Names a format of tables with types of its own. */
function tableFormat(file: InputFile): FileFormat | null {
  const head = Buffer.from(file.read(0, kindHeadBytes))
  // the header of a CSV file may begin with PAR1
  if (isParquet(head) && !isText(head)) return 'Parquet'
  if (isArrowFile(head) || isArrowStream(head)) return 'Arrow'
  if (isJsonRecords(head)) return 'JSON'
  return null
}

function nameFile(file: InputFile): string | null {
  const name = nameForeignFile(file.read(0, kindHeadBytes))
  return name === 'a zip archive' ? nameZip(file) : name
}

const npzName = 'a NumPy archive (.npz)'
const workbookName = 'an Excel workbook (.xlsx)'

function nameZip(file: InputFile): string {
  const found = zipKind(file)
  if (found.kind === 'npz') return npzName
  if (found.kind === 'xlsx') return workbookName
  return found.kind === 'document' ? found.name : 'a zip archive'
}

const toHex = (bytes: Buffer) => bytes.toString('hex').replace(/..(?=.)/g, '$& ')
