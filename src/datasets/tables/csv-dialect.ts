import { fileError } from '../errors.js'
import { isBooleanWord, isMissingMarker, NumberParser } from './cell.js'
import {
  type ByteSource,
  type CsvLimits,
  CsvReader,
  type CsvRow,
  fieldText,
  quoteCell,
} from './csv.js'

export interface CsvDialect {
  /** The delimiter's byte. */
  delimiter: number
  header: boolean
}

export const delimiters = { comma: ',', semicolon: ';', tab: '\t', pipe: '|' } as const

/** Bytes at the start of a file that are read to detect the delimiter. */
const sniffBytes = 64 * 1024
const sniffRows = 50

/** Detects what the form does not specify, from the first rows of the first file. */
export function inferDialect(
  file: ByteSource,
  explicit: Partial<CsvDialect>,
  limits: CsvLimits,
): CsvDialect {
  const delimiter = explicit.delimiter ?? inferDelimiter(file, limits)
  return { delimiter, header: explicit.header ?? hasHeader(file, delimiter, limits) }
}

/** Returns the delimiter that gives most of the first rows the same number of fields; of several, the one with most fields. */
function inferDelimiter(file: ByteSource, limits: CsvLimits): number {
  let best = { delimiter: delimiters.comma.charCodeAt(0), fields: 1, share: 0 }
  for (const text of Object.values(delimiters)) {
    const delimiter = text.charCodeAt(0)
    const counts = countFields(file, delimiter, limits)
    const fields = counts[0] ?? 0
    if (fields < 2) continue
    const share = counts.filter(count => count === fields).length / counts.length
    if (share > best.share || (share === best.share && fields > best.fields)) {
      best = { delimiter, fields, share }
    }
  }
  return best.delimiter
}

/** Field counts of the first rows, until a row cannot be read with this delimiter. */
function countFields(file: ByteSource, delimiter: number, limits: CsvLimits): number[] {
  const counts: number[] = []
  try {
    new CsvReader(sniffSource(file), delimiter, limits).forEachRow(({ fieldCount }) => {
      counts.push(fieldCount)
      return counts.length < sniffRows
    })
  } catch {
    // The delimiter is wrong, or the sample ends within a field. The rows before it count.
  }
  return counts
}

const sniffSource = (file: ByteSource): ByteSource => ({
  name: file.name,
  size: Math.min(file.size, sniffBytes),
  read: (offset, length) =>
    file.read(offset, Math.max(0, Math.min(length, Math.min(file.size, sniffBytes) - offset))),
})

const numberParser = new NumberParser()

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

function isValueField({ bytes, starts, ends }: CsvRow, field: number): boolean {
  const start = starts[field]!
  const end = ends[field]!
  return (
    numberParser.parse(bytes, start, end) ||
    isBooleanWord(bytes, start, end) ||
    (end > start && isMissingMarker(bytes, start, end))
  )
}

/** Returns the names in a header. Throws DATASET_HEADER if a name is empty, too long or repeated. */
export function parseColumnNames(file: string, row: CsvRow): string[] {
  const names = Array.from({ length: row.fieldCount }, (_, column) => fieldText(row, column))
  const indexByName = new Map<string, number>()
  for (const [index, name] of names.entries()) {
    const location = { file, line: row.line, column: index + 1 }
    if (name === '') {
      const detail =
        'the column has no name; pandas writes one so for its index: to_csv(index=False)'
      throw fileError('DATASET_HEADER', location, detail)
    }
    if (row.ends[index]! - row.starts[index]! > maxColumnNameBytes) {
      const detail = `the column's name ${quoteCell(name)} has more than ${maxColumnNameBytes} bytes`
      throw fileError('DATASET_HEADER', location, detail)
    }
    const firstIndex = indexByName.get(name)
    if (firstIndex !== undefined) {
      const detail = `column ${firstIndex + 1} is called ${quoteCell(name)} as well`
      throw fileError('DATASET_HEADER', location, detail)
    }
    indexByName.set(name, index)
  }
  return names
}

const maxColumnNameBytes = 200

export function checkFieldCount(file: string, row: CsvRow, names: readonly string[]): void {
  const { fieldCount, line } = row
  const found = `the row has ${fieldCount} fields, expected ${names.length}`
  if (fieldCount < names.length) {
    const detail = `${found}: ${quoteCell(names[fieldCount]!)} is the first that is missing`
    throw fileError('DATASET_ROW', { file, line, column: fieldCount + 1 }, detail)
  }
  if (fieldCount > names.length) {
    const detail = `${found}: ${quoteCell(fieldText(row, names.length))} is one too many`
    throw fileError('DATASET_ROW', { file, line, column: names.length + 1 }, detail)
  }
}
