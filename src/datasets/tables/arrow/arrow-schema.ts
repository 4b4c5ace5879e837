// The metadata of Arrow's format: https://arrow.apache.org/docs/format/Columnar.html, format/Schema.fbs
import { FlatTable, sizeAt } from './flatbuffer.js'

/** The types of Schema.fbs, in their order. */
const typeNames = [
  ...['none', 'null', 'int', 'float', 'binary', 'utf8', 'bool', 'decimal', 'date', 'time'],
  ...['timestamp', 'interval', 'list', 'struct', 'union', 'fixed_binary', 'fixed_list', 'map'],
  ...['duration', 'large_binary', 'large_utf8', 'large_list', 'run_end', 'binary_view'],
  ...['utf8_view', 'list_view', 'large_list_view'],
] as const
export type ArrowTypeName = (typeof typeNames)[number]

export interface ArrowType {
  name: ArrowTypeName
  /** Of int, time and decimal. */
  bitWidth: number
  isSigned: boolean
  /** Half, single and double of float; or seconds to nanoseconds; or days and milliseconds of date. */
  unit: number
  scale: number
  hasZone: boolean
  /** Values of a list, or bytes of a binary, that has a fixed size. */
  size: number
}

export interface ArrowField {
  name: string
  type: ArrowType
  children: ArrowField[]
  /** If the values are indices into a dictionary: its id, and their type. */
  dictionary: { id: string; index: ArrowType } | null
}

export interface ArrowSchema {
  fields: ArrowField[]
  isBigEndian: boolean
}

/** A buffer of a batch, from the start of its body. */
export interface BodyRange {
  offset: number
  length: number
}

export interface BatchHeader {
  rows: number
  nodes: { length: number; nullCount: number }[]
  buffers: BodyRange[]
  compression: 'none' | 'lz4' | 'zstd'
  /** How many buffers of data each column of views has. */
  variadic: number[]
}

/** Where a message lies in a file. */
export interface FileBlock {
  offset: number
  /** Bytes before the body. */
  metadataLength: number
}

export type Message =
  | { kind: 'schema'; schema: ArrowSchema; bodyLength: number }
  | { kind: 'batch'; batch: BatchHeader; bodyLength: number }
  | { kind: 'dictionary'; id: string; isDelta: boolean; batch: BatchHeader; bodyLength: number }
  | { kind: 'other'; bodyLength: number }

/** The unit of float64. */
export const doublePrecision = 2

const maxDepth = 32
/** Fields of all depths, since offsets may lead to the same ones again and again. */
const maxFields = 200_000

/** Throws RangeError if offsets or lengths lie. */
export function parseMessage(bytes: Uint8Array): Message {
  const message = FlatTable.root(bytes)
  const bodyLength = message.size(3)
  const header = message.table(2)
  const type = message.int8(1)
  if (!header) return { kind: 'other', bodyLength }
  if (type === 1) return { kind: 'schema', schema: parseSchema(header), bodyLength }
  if (type === 3) return { kind: 'batch', batch: parseBatch(header), bodyLength }
  if (type !== 2) return { kind: 'other', bodyLength }
  const data = header.table(1)
  if (!data) throw new RangeError('a dictionary has no data')
  const id = String(header.size(0))
  const isDelta = header.int8(2) !== 0
  return { kind: 'dictionary', id, isDelta, batch: parseBatch(data), bodyLength }
}

export function parseFooter(bytes: Uint8Array) {
  const footer = FlatTable.root(bytes)
  const schema = footer.table(1)
  if (!schema) throw new RangeError('there is no schema')
  const blocks = (field: number): FileBlock[] =>
    footer.structs(field, 24, (view, at) => {
      return { offset: sizeAt(view, at), metadataLength: view.getInt32(at + 8, true) }
    })
  return { schema: parseSchema(schema), dictionaries: blocks(2), batches: blocks(3) }
}

function parseSchema(schema: FlatTable): ArrowSchema {
  const budget = { fields: maxFields }
  return {
    isBigEndian: schema.int16(0) === 1,
    fields: schema.tables(1).map(field => parseField(field, 0, budget)),
  }
}

function parseField(field: FlatTable, depth: number, budget: { fields: number }): ArrowField {
  if (depth > maxDepth) throw new RangeError('columns are nested too deeply')
  if (budget.fields-- === 0) throw new RangeError('there are too many columns')
  const dictionary = field.table(4)
  return {
    name: field.text(0) ?? '',
    type: parseType(field.int8(2), field.table(3)),
    children: field.tables(5).map(child => parseField(child, depth + 1, budget)),
    dictionary: dictionary && {
      id: String(dictionary.size(0)),
      // without an index type, it is int32
      index: parseType(2, dictionary.table(1)),
    },
  }
}

function parseType(type: number, table: FlatTable | null): ArrowType {
  const name = typeNames[type] ?? 'none'
  const read = (field: number, absent: number) => table?.int32(field, absent) ?? absent
  const unit = (absent: number) => table?.int16(0, absent) ?? absent
  const plain = { name, bitWidth: 0, isSigned: true, unit: 0, scale: 0, hasZone: false, size: 0 }
  switch (name) {
    case 'int':
      return { ...plain, bitWidth: read(0, 32), isSigned: table ? table.int8(1) !== 0 : true }
    case 'float':
    case 'union':
      return { ...plain, unit: unit(0) }
    case 'date':
    case 'duration':
      return { ...plain, unit: unit(1) }
    case 'time':
      return { ...plain, unit: unit(1), bitWidth: read(1, 32) }
    case 'timestamp':
      return { ...plain, unit: unit(0), hasZone: Boolean(table?.text(1)) }
    case 'fixed_list':
    case 'fixed_binary':
      return { ...plain, size: read(0, 0) }
    case 'decimal':
      return { ...plain, scale: read(1, 0), bitWidth: read(2, 128) }
    default:
      return plain
  }
}

function parseBatch(batch: FlatTable): BatchHeader {
  const compression = batch.table(3)
  const codec = compression?.int8(0) ?? -1
  return {
    rows: batch.size(0),
    nodes: batch.structs(1, 16, (view, at) => {
      return { length: sizeAt(view, at), nullCount: sizeAt(view, at + 8) }
    }),
    buffers: batch.structs(2, 16, (view, at) => {
      return { offset: sizeAt(view, at), length: sizeAt(view, at + 8) }
    }),
    compression: codec < 0 ? 'none' : codec === 0 ? 'lz4' : 'zstd',
    variadic: batch.structs(4, 8, sizeAt),
  }
}
