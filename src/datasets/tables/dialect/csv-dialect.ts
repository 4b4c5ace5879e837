import type { TrainyardError } from '../../../errors.js'
import type { Notes } from '../../../spec/notes.js'
import { fileError } from '../../errors.js'
import { isBooleanWord, isMissingMarker, NumberParser } from '../cell.js'
import {
  type ByteSource,
  type CsvLimits,
  CsvReader,
  type CsvRow,
  fieldText,
  quoteCell,
} from '../csv.js'
import { shapeOf } from '../value-shapes.js'
import { inferDelimiter, type Reading, readSample } from './delimiter.js'

export interface CsvDialect {
  /** The delimiter's byte. */
  delimiter: number
  header: boolean
  /** True if each row ends in a delimiter, after which there is no field. */
  endsInDelimiter: boolean
}

/** Detects what the form does not specify, from the first rows of the first file. */
export function inferDialect(
  file: ByteSource,
  explicit: Partial<CsvDialect>,
  limits: CsvLimits,
  known: { notes?: Notes; names?: readonly string[] } = {},
): CsvDialect {
  const delimiter =
    explicit.delimiter ?? inferDelimiter(file, limits, { header: explicit.header, ...known })
  const sample = readSample(file, delimiter, limits)
  const header = explicit.header ?? hasHeader(file, delimiter, limits)
  if (header) checkFirstRow(file.name, sample)
  const endsInDelimiter = allEndInDelimiter(sample, header)
  if (endsInDelimiter) {
    known.notes?.add(
      'delimiter_at_end',
      'each row ends in a delimiter, after which no column is read',
    )
  }
  return { delimiter, header, endsInDelimiter }
}

/** A first row that contains a number or a boolean counts as data, not as a header. */
function hasHeader(file: ByteSource, delimiter: number, limits: CsvLimits): boolean {
  let headerFound = true
  new CsvReader(file, delimiter, limits).forEachRow(row => {
    for (let field = 0; field < row.fieldCount; field++)
      if (isValueField(row, field)) headerFound = false
    return false
  })
  return headerFound
}

const numberParser = new NumberParser()

function isValueField(row: CsvRow, field: number): boolean {
  const { bytes, starts, ends } = row
  const start = starts[field]!
  const end = ends[field]!
  return (
    numberParser.parse(bytes, start, end) ||
    isBooleanWord(bytes, start, end) ||
    (end > start && isMissingMarker(bytes, start, end)) ||
    (end - start < 20 && shapeOf(fieldText(row, field))?.id === 'decimal_comma')
  )
}

/** Throws DATASET_HEADER if the rows have more fields than the first one in a way that has a known cause. */
function checkFirstRow(file: string, { fields, counts, rows }: Reading): void {
  const [, rowFields = fields] = counts
  const isRegular = counts.slice(1).every(count => count === rowFields)
  if (counts.length < 3 || !isRegular || rowFields <= fields) return
  if (rowFields !== fields + 1 || rows.slice(1).every(({ texts }) => texts.at(-1) === '')) return
  const detail = `the header has ${fields} names, but each row has ${rowFields} fields; R writes so for row names: write.csv(row.names=FALSE)`
  throw fileError('DATASET_HEADER', { file, line: rows[0]!.line }, detail)
}

/** True if the last field of every row is empty and has no name. */
function allEndInDelimiter({ fields, counts, rows }: Reading, header: boolean): boolean {
  if (!header || rows.length < 2 || fields < 2) return false
  const body = rows.slice(1)
  const isNamed = rows[0]!.texts.at(-1) !== ''
  const expected = isNamed ? fields + 1 : fields
  return (
    counts.slice(1).every(count => count === expected) &&
    body.every(({ texts }) => texts.at(-1) === '')
  )
}

/** Returns the names in a header. Throws DATASET_HEADER if a name is empty, too long or repeated. */
export function parseColumnNames(file: string, row: CsvRow, endsInDelimiter = false): string[] {
  const names = Array.from({ length: row.fieldCount }, (_, column) => fieldText(row, column))
  if (endsInDelimiter && names.at(-1) === '') names.pop()
  const indexByName = new Map<string, number>()
  for (const [index, name] of names.entries()) {
    const location = { file, line: row.line, column: index + 1 }
    if (name === '') {
      const detail =
        index === 0
          ? 'the column has no name; pandas writes one so for its index: to_csv(index=False)'
          : 'the column has no name: give it one in the header, or remove the delimiter'
      throw fileError('DATASET_HEADER', location, detail)
    }
    if (row.ends[index]! - row.starts[index]! > maxColumnNameBytes) {
      const detail = `the column's name ${quoteCell(name)} has more than ${maxColumnNameBytes} bytes`
      throw fileError('DATASET_HEADER', location, detail)
    }
    const firstIndex = indexByName.get(name)
    if (firstIndex !== undefined) {
      const detail = `column ${firstIndex + 1} is called ${quoteCell(name)} as well; if the first row has values instead of names, send header=false`
      throw fileError('DATASET_HEADER', location, detail)
    }
    indexByName.set(name, index)
  }
  return names
}

const maxColumnNameBytes = 200

/** `endsInDelimiter`: whether a row may have one more field, which is empty. */
export function checkFieldCount(...row: Parameters<typeof fieldCountError>): void {
  const error = fieldCountError(...row)
  if (error) throw error
}

/** The error of a row that has another number of fields than there are names; null if it has as many. */
export function fieldCountError(
  file: string,
  row: CsvRow,
  names: readonly string[],
  endsInDelimiter = false,
): TrainyardError | null {
  const { fieldCount, line, starts, ends } = row
  const found = `the row has ${fieldCount} fields, expected ${names.length}`
  if (fieldCount < names.length) {
    const detail = `${found}: ${quoteCell(names[fieldCount]!)} is the first that is missing`
    return fileError('DATASET_ROW', { file, line, column: fieldCount + 1 }, detail)
  }
  if (fieldCount === names.length) return null
  const isEmpty = fieldCount === names.length + 1 && starts[names.length] === ends[names.length]
  if (isEmpty && endsInDelimiter) return null
  const detail = isEmpty
    ? `${found}: it ends in a delimiter, unlike other rows`
    : `${found}: ${quoteCell(fieldText(row, names.length))} is one too many`
  return fileError('DATASET_ROW', { file, line, column: names.length + 1 }, detail)
}
