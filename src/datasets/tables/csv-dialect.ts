import { fileError } from '../errors.js'
import { isMissingWord, isTrueOrFalse, NumberReader } from './cell.js'
import { type ByteSource, type CsvLimits, CsvReader, type CsvRow, cut, fieldText } from './csv.js'

export interface Dialect {
  /** A byte. */
  delimiter: number
  header: boolean
}

export const delimiters = { comma: ',', semicolon: ';', tab: '\t', pipe: '|' } as const

/** So much of a file says what separates its fields. */
const headBytes = 64 * 1024
const headRows = 50

/** Fills in what the form leaves open, by the first rows of the first file. */
export function inferDialect(
  file: ByteSource,
  given: Partial<Dialect>,
  limits: CsvLimits,
): Dialect {
  const delimiter = given.delimiter ?? likeliestDelimiter(file, limits)
  return { delimiter, header: given.header ?? isHeader(file, delimiter, limits) }
}

/** The one that splits the first rows into equally many fields; of several, into the most. */
function likeliestDelimiter(file: ByteSource, limits: CsvLimits): number {
  let best = { delimiter: delimiters.comma.charCodeAt(0), fields: 1, share: 0 }
  for (const text of Object.values(delimiters)) {
    const delimiter = text.charCodeAt(0)
    const counts = fieldCounts(file, delimiter, limits)
    const fields = counts[0] ?? 0
    if (fields < 2) continue
    const share = counts.filter(count => count === fields).length / counts.length
    if (share > best.share || (share === best.share && fields > best.fields)) {
      best = { delimiter, fields, share }
    }
  }
  return best.delimiter
}

/** Of as many of the first rows as can be read so. */
function fieldCounts(file: ByteSource, delimiter: number, limits: CsvLimits): number[] {
  const counts: number[] = []
  try {
    new CsvReader(head(file), delimiter, limits).visit(({ count }) => {
      counts.push(count)
      return counts.length < headRows
    })
  } catch {
    // read with a wrong delimiter, or cut within a field: what came before still counts
  }
  return counts
}

const head = (file: ByteSource): ByteSource => ({
  name: file.name,
  bytes: Math.min(file.bytes, headBytes),
  read: (offset, length) =>
    file.read(offset, Math.max(0, Math.min(length, Math.min(file.bytes, headBytes) - offset))),
})

const reader = new NumberReader()

/** A first row with a number or a truth value in it is taken for data. */
function isHeader(file: ByteSource, delimiter: number, limits: CsvLimits): boolean {
  let header = true
  new CsvReader(file, delimiter, limits).visit(row => {
    for (let field = 0; field < row.count; field++) if (isData(row, field)) header = false
    return false
  })
  return header
}

function isData({ bytes, starts, ends }: CsvRow, field: number): boolean {
  const start = starts[field]!
  const end = ends[field]!
  return (
    reader.read(bytes, start, end) ||
    isTrueOrFalse(bytes, start, end) ||
    (end > start && isMissingWord(bytes, start, end))
  )
}

/** The names in a header; each must be there, once. */
export function checkHeader(file: string, row: CsvRow): string[] {
  const names = Array.from({ length: row.count }, (_, column) => fieldText(row, column))
  const seen = new Map<string, number>()
  for (const [index, name] of names.entries()) {
    const place = { file, line: row.line, column: index + 1 }
    if (name === '') {
      const trouble =
        'the column has no name; pandas writes one so for its index: to_csv(index=False)'
      throw fileError('DATASET_HEADER', place, trouble)
    }
    if (row.ends[index]! - row.starts[index]! > longestName) {
      const trouble = `the column's name ${cut(name)} has more than ${longestName} bytes`
      throw fileError('DATASET_HEADER', place, trouble)
    }
    const other = seen.get(name)
    if (other !== undefined) {
      const trouble = `column ${other + 1} is called ${cut(name)} as well`
      throw fileError('DATASET_HEADER', place, trouble)
    }
    seen.set(name, index)
  }
  return names
}

const longestName = 200

export function checkLength(file: string, row: CsvRow, names: readonly string[]): void {
  const { count, line } = row
  const found = `the row has ${count} fields, expected ${names.length}`
  if (count < names.length) {
    const trouble = `${found}: ${cut(names[count]!)} is the first that is missing`
    throw fileError('DATASET_ROW', { file, line, column: count + 1 }, trouble)
  }
  if (count > names.length) {
    const trouble = `${found}: ${cut(fieldText(row, names.length))} is one too many`
    throw fileError('DATASET_ROW', { file, line, column: names.length + 1 }, trouble)
  }
}
