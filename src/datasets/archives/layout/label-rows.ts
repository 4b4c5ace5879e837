// Files that say the label of each image: CSV with a delimiter of any kind, or JSON Lines. The columns are known
// by their names, or by the image names in the first row if there is no header.

import { quoteJson } from '../../../errors.js'
import { fileError } from '../../errors.js'
import { CsvReader, type CsvRow, fieldText } from '../../tables/csv.js'
import { hasImageName } from '../sort-files.js'
import type { FieldValues } from './image-fields.js'

export interface LabelRow {
  /** The line in the file, from 1. */
  line: number
  /** The path of an image, as the author wrote it. */
  file: string
  /** Empty if the row has none. */
  label: string
  split: string | null
  /** What the row has beside these. */
  fields: FieldValues
}

/** A text that names images and labels. */
export interface LabelFile {
  /** The names of the columns that are read. */
  columns: { file: string; label: string; split: string | null }
  /** Calls back for each row. Throws a file error if the text is damaged. */
  forEachRow(onRow: (row: LabelRow) => void): void
}

/** Names of columns, best first, in lower case and without signs. */
const fileColumns = [
  ...['filename', 'file', 'filepath', 'imagename', 'image', 'imagepath', 'imagefile', 'img'],
  ...['imgname', 'imgpath', 'path', 'imageid', 'imgid', 'id', 'name'],
]
const labelColumns = ['label', 'labels', 'class', 'classname', 'labelname', 'category', 'target']
const splitColumns = ['split', 'subset', 'partition', 'set']

const delimiters = [',', '\t', ';', '|', ' ']

interface Columns {
  file: number
  label: number
  split: number | null
  names: readonly string[]
  hasHeader: boolean
}

const limits = { rowBytes: 2 ** 20, columns: 1000 }

/** Returns null if the text names no images and labels. `name` is for errors. */
export function openLabelFile(name: string, content: Buffer): LabelFile | null {
  const source = { name, size: content.length, read: readFrom(content) }
  const start = content.toString('utf8', 0, 64 * 1024).replace(/^\ufeff/, '')
  const [first = ''] = start.split(/\r\n|\n|\r/).filter(line => line.trim() !== '')
  if (/^\s*\{/.test(first)) return openJsonLines(name, content, first)
  for (const delimiter of delimiters) {
    const columns = findColumns(splitLine(first, delimiter))
    if (columns) return openCsv(source, delimiter, columns)
  }
  return null
}

const readFrom = (content: Buffer) => (offset: number, length: number) =>
  // the reader of CSV removes quotes in place
  Buffer.from(content.subarray(offset, offset + length))

const splitLine = (line: string, delimiter: string): string[] =>
  line.split(delimiter).map(cell => cell.trim().replace(/^"(.*)"$/, '$1'))

function findColumns(cells: readonly string[]): Columns | null {
  if (cells.length < 2) return null
  const keys = cells.map(cell => cell.toLowerCase().replace(/[^a-z0-9]/g, ''))
  const find = (names: readonly string[]) =>
    names.map(name => keys.indexOf(name)).find(at => at >= 0)
  const file = find(fileColumns)
  const label = find(labelColumns)
  const split = find(splitColumns) ?? null
  if (file !== undefined && label !== undefined) {
    return { file, label, split, names: cells, hasHeader: true }
  }
  // Kaggle's id,breed
  if (file !== undefined && cells.length === 2) {
    return { file, label: 1 - file, split: null, names: cells, hasHeader: true }
  }
  if (cells.length <= 3 && hasImageName(cells[0]!)) {
    const names = cells.map((_, at) => `column ${at + 1}`)
    return { file: 0, label: 1, split: cells.length === 3 ? 2 : null, names, hasHeader: false }
  }
  return null
}

function openCsv(
  source: { name: string; size: number; read(offset: number, length: number): Buffer },
  delimiter: string,
  columns: Columns,
): LabelFile {
  const { file, label, split, names, hasHeader } = columns
  const others = hasHeader
    ? [...names.entries()].filter(([at]) => at !== file && at !== label && at !== split)
    : []
  return {
    columns: {
      file: names[file]!,
      label: names[label]!,
      split: split === null ? null : names[split]!,
    },
    forEachRow(onRow) {
      let isHeader = hasHeader
      new CsvReader(source, delimiter.charCodeAt(0), limits).forEachRow((row: CsvRow) => {
        if (!isHeader) {
          const cell = (column: number) => (column < row.fieldCount ? fieldText(row, column) : '')
          onRow({
            line: row.line,
            file: cell(file),
            label: cell(label),
            split: split === null ? null : cell(split),
            fields: Object.fromEntries(others.map(([at, name]) => [name, cell(at)])),
          })
        }
        isHeader = false
      })
    },
  }
}

function openJsonLines(name: string, content: Buffer, first: string): LabelFile | null {
  const keys = Object.keys(parseObject(first) ?? {})
  const columns = findColumns(keys)
  if (!columns?.hasHeader) return null
  const key = (column: number) => keys[column]!
  const named = {
    file: key(columns.file),
    label: key(columns.label),
    split: columns.split === null ? null : key(columns.split),
  }
  return {
    columns: named,
    forEachRow(onRow) {
      for (const { line, text } of jsonLines(content)) {
        const object = parseObject(text)
        if (!object) {
          const detail = `the line is ${quoteJson(text)}, expected a JSON object`
          throw fileError('DATASET_ROW', { file: name, line }, detail)
        }
        const cell = (field: string) => textOf(object[field], { file: name, line }, field)
        onRow({
          line,
          file: cell(named.file),
          label: cell(named.label),
          split: named.split === null ? null : cell(named.split),
          fields: fieldsOf(object, [named.file, named.label, named.split]),
        })
      }
    },
  }
}

/** The keys of an object but some. */
export const fieldsOf = (
  object: Readonly<Record<string, unknown>>,
  others: readonly (string | null)[],
): FieldValues =>
  Object.fromEntries(Object.entries(object).filter(([key]) => !others.includes(key)))

function* jsonLines(content: Buffer): Generator<{ line: number; text: string }> {
  let line = 1
  for (let at = 0; at < content.length; line++) {
    const found = content.indexOf(10, at)
    const end = found < 0 ? content.length : found
    const text = content.toString('utf8', at, end).trim()
    if (text !== '') yield { line, text }
    at = end + 1
  }
}

/** Null if the text is no JSON object. Keys such as __proto__ are no danger. */
export function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text)
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? { __proto__: null, ...(value as object) } : null
  } catch {
    return null
  }
}

function textOf(value: unknown, location: { file: string; line: number }, field: string): string {
  if (value === undefined || value === null) return ''
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  const detail = `${quoteJson(field)} is ${quoteJson(value)}, expected one text or number: an image has one label`
  throw fileError('DATASET_VALUE', location, detail)
}
