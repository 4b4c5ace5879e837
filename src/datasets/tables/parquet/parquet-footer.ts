// The footer of a Parquet file: https://github.com/apache/parquet-format#file-format
import { type FileMetaData, parquetMetadata, type RowGroup, type SchemaElement } from 'hyparquet'
import { type FileErrorCode, fileError } from '../../errors.js'
import type { ByteSource } from '../csv.js'
import { isKnownCodec } from '../decompress.js'
import { encryptedMagic, magic } from './magic.js'
import { findStructEnd } from './thrift-check.js'

/** After the footer: its length and the magic word. */
const trailerBytes = 8
/** A column chunk takes about 150 bytes, with statistics. */
const maxFooterBytes = 32 * 2 ** 20

/** A column without columns of its own, which a file stores in a chunk for each row group. */
export interface Leaf {
  name: string
  element: SchemaElement
  isOptional: boolean
  /** Position of its chunk in each row group. */
  chunk: number
}

export interface ParquetFooter {
  leaves: Leaf[]
  /** Columns that are lists, maps or structures. */
  nested: string[]
  rowGroups: RowGroup[]
  rows: number
}

/** Reads and checks the footer. Sizes of single pages are checked when they are read. */
export function readFooter(file: ByteSource): ParquetFooter {
  const bytes = readFooterBytes(file)
  const metadata = parseFooter(file, bytes)
  const { schema, row_groups: rowGroups } = metadata
  const { leaves, nested, chunks } = readSchema(file, schema)
  let rows = 0
  for (const [group, { columns, num_rows: count }] of rowGroups.entries()) {
    if (columns.length !== chunks) {
      throw damaged(file, `row group ${group} has ${columns.length} columns instead of ${chunks}`)
    }
    for (const leaf of leaves) checkChunk(file, rowGroups[group]!, leaf, group)
    if (count < 0n || count > 2n ** 40n) throw damaged(file, `row group ${group} has ${count} rows`)
    rows += Number(count)
  }
  if (metadata.num_rows !== BigInt(rows)) {
    throw damaged(file, `it states ${metadata.num_rows} rows, but its row groups have ${rows}`)
  }
  return { leaves, nested, rowGroups, rows }
}

function readFooterBytes(file: ByteSource): Buffer {
  const start = file.read(0, 4).toString('latin1')
  if (file.size < 4 + trailerBytes) throw truncated(file, `it ends after ${file.size} bytes`)
  const trailer = Buffer.from(file.read(file.size - trailerBytes, trailerBytes))
  const end = trailer.toString('latin1', 4)
  if (start === encryptedMagic || end === encryptedMagic) {
    const detail = 'the file is encrypted, which is not read: write it without encryption'
    throw fileError('DATASET_FORMAT', { file: file.name }, detail)
  }
  if (end !== magic) throw truncated(file, `it ends in ${JSON.stringify(end)} instead of ${magic}`)
  const length = trailer.readUInt32LE(0)
  const room = file.size - 4 - trailerBytes
  if (length > room) {
    throw damaged(file, `its footer takes ${length} bytes, of which the file has ${room}`)
  }
  if (length > maxFooterBytes) {
    const detail = `the footer takes ${length} bytes, more than ${maxFooterBytes}: write fewer and larger row groups`
    throw fileError('DATASET_TOO_LARGE', { file: file.name }, detail)
  }
  const bytes = file.read(file.size - trailerBytes - length, length + trailerBytes)
  return Buffer.from(bytes)
}

function parseFooter(file: ByteSource, bytes: Buffer): FileMetaData {
  try {
    const end = findStructEnd(bytes.subarray(0, -trailerBytes))
    if (end < 0) throw new Error('it ends early')
    const metadata = parquetMetadata(bytes, { geoparquet: false })
    if (metadata.schema.length === 0) throw new Error('it has no schema')
    return metadata
  } catch (error) {
    throw damaged(file, `its footer cannot be read: ${(error as Error).message}`, error)
  }
}

/** The elements of the schema come in depth-first order, each before its children. */
function readSchema(file: ByteSource, schema: readonly SchemaElement[]) {
  const leaves: Leaf[] = []
  const nested: string[] = []
  let chunks = 0
  let at = 1
  while (at < schema.length) {
    const element = schema[at]!
    const end = subtreeEnd(file, schema, at)
    const isLeaf = element.type !== undefined && end === at + 1
    if (isLeaf && element.repetition_type !== 'REPEATED') {
      const isOptional = element.repetition_type === 'OPTIONAL'
      leaves.push({ name: element.name, element, isOptional, chunk: chunks })
    } else nested.push(element.name)
    for (; at < end; at++) if (schema[at]!.type !== undefined) chunks++
  }
  return { leaves, nested, chunks }
}

function subtreeEnd(file: ByteSource, schema: readonly SchemaElement[], start: number): number {
  let end = start
  for (let open = 1; open > 0; open--, end++) {
    const element = schema[end]
    if (!element) throw damaged(file, 'its schema ends early')
    const children = element.num_children ?? 0
    if (children < 0 || children > schema.length) throw damaged(file, 'its schema is impossible')
    open += children
  }
  return end
}

/** Throws if the bytes of a chunk cannot lie where the footer says, or cannot be read. */
function checkChunk(file: ByteSource, rowGroup: RowGroup, leaf: Leaf, group: number): void {
  const chunk = rowGroup.columns[leaf.chunk]!
  const where = `column '${leaf.name}' of row group ${group}`
  const { meta_data: meta } = chunk
  if (chunk.file_path !== undefined) {
    throw damaged(file, `${where} lies in another file, which is not read`)
  }
  if (!meta || chunk.crypto_metadata || chunk.encrypted_column_metadata) {
    throw damaged(file, `${where} is encrypted or has no description`)
  }
  if (meta.type !== leaf.element.type || meta.path_in_schema.join('.') !== leaf.name) {
    throw damaged(file, `${where} is not the column that the schema says`)
  }
  if (!isKnownCodec(meta.codec)) {
    const detail = `${where} is compressed by ${meta.codec}, expected uncompressed, snappy, gzip, zstd, brotli or lz4`
    throw fileError('DATASET_FORMAT', { file: file.name }, detail)
  }
  const { start, end } = chunkRange(rowGroup, leaf)
  const last = file.size - trailerBytes
  if (!(start >= 4 && start <= end && end <= last)) {
    throw damaged(file, `${where} is said to lie from byte ${start} to ${end} of ${file.size}`)
  }
  if (meta.num_values !== rowGroup.num_rows) {
    throw damaged(file, `${where} has ${meta.num_values} values for ${rowGroup.num_rows} rows`)
  }
}

/** Where the pages of a chunk lie. */
export function chunkRange(rowGroup: RowGroup, { chunk }: Leaf): { start: number; end: number } {
  const meta = rowGroup.columns[chunk]!.meta_data!
  const data = Number(meta.data_page_offset)
  const dictionary = Number(meta.dictionary_page_offset ?? 0)
  // some writers give 0 if there is no dictionary
  const start = dictionary > 0 && dictionary < data ? dictionary : data
  return { start, end: start + Number(meta.total_compressed_size) }
}

export const damaged = (file: ByteSource, detail: string, cause?: unknown) =>
  fileError('DATASET_FORMAT', { file: file.name }, `the Parquet file is damaged: ${detail}`, cause)

const truncated = (file: ByteSource, detail: string, code: FileErrorCode = 'DATASET_TRUNCATED') =>
  fileError(code, { file: file.name }, `the Parquet file is not complete: ${detail}`)
