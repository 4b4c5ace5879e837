// Finds the delimiter of a table by the evidence of its first rows, and refuses to guess where two fit.
import { listNames, type Notes } from '../../../spec/notes.js'
import { fileError } from '../../errors.js'
import { isMissingMarker, NumberParser, parseBoolean } from '../cell.js'
import {
  type ByteSource,
  type CsvLimits,
  CsvReader,
  fieldText,
  quoteCell,
  readPreamble,
  whitespace,
} from '../csv.js'
import { shapeOf } from '../value-shapes.js'

/**
 * Those that are tried. Runs of blanks must be asked for, since texts have blanks as well, unless they separate
 * known names.
 */
const visibleDelimiters = { comma: ',', semicolon: ';', tab: '\t', pipe: '|' } as const

/** Those that a form may name. */
export const delimiters = { ...visibleDelimiters, whitespace: ' ' } as const

/** Bytes at the start of a file that are read to detect the delimiter. */
const sniffBytes = 64 * 1024
const sniffRows = 50
/** Fields of a row that are looked at. */
const sniffFields = 200

/** The first rows, split at one delimiter. */
export interface Reading {
  delimiter: number
  /** Number of fields of the first row. */
  fields: number
  counts: number[]
  /** Share of the rows that have as many fields as the first. */
  share: number
  rows: { texts: string[]; line: number }[]
}

/** A reading fits if almost all rows have as many fields as the first. */
const minShare = 0.9

/** What counts as more than an accident, in shares of cells or names. */
const minDifference = 0.05

interface SniffOptions {
  /** Whether the first row is known to have names, or known to have values. */
  header?: boolean | undefined
  notes?: Notes | undefined
  /** Names of columns that are known, as for a prediction. */
  names?: readonly string[] | undefined
}

/** Throws DATASET_FORMAT if two delimiters fit equally well, or if none does and blanks do. */
export function inferDelimiter(
  file: ByteSource,
  limits: CsvLimits,
  { header, notes, names }: SniffOptions = {},
): number {
  const declared = readPreamble(file).delimiter
  if (declared !== null) return declaredDelimiter(file, declared)
  const samples = Object.values(visibleDelimiters).map(sign =>
    readSample(file, sign.charCodeAt(0), limits),
  )
  const readings = samples.filter(({ fields }) => fields >= 2)
  const blanks = readSample(file, whitespace, limits)
  const known = names && findKnown([...samples, blanks], names)
  if (known) return known.delimiter
  if (readings.length === 0) {
    checkForBlanks(file, blanks)
    for (const sample of samples) checkForTitle(file, sample)
    return ','.charCodeAt(0)
  }
  const bestShare = Math.max(...readings.map(({ share }) => share))
  if (bestShare < minShare) {
    const best = readings.filter(({ share }) => share === bestShare)
    return best.reduce((a, b) => (b.fields > a.fields ? b : a)).delimiter
  }
  const clean = readings.filter(({ share }) => share >= minShare)
  const fitting = clean.some(isClean) ? clean.filter(isClean) : clean
  const rated = fitting.map(reading => rate(reading, fitting, header))
  const winner = rated.find(one => rated.every(other => other === one || beats(one, other)))
  if (!winner) throw ambiguousError(file, fitting)
  const isBetterInBlanks =
    blanks.share === 1 && rate(blanks, [blanks], header).values > 0.99 && winner.values < 0.75
  if (isBetterInBlanks) checkForBlanks(file, blanks)
  if (fitting.length > 1) noteOtherReadings(winner.reading, fitting, notes)
  return winner.reading.delimiter
}

function declaredDelimiter(file: ByteSource, sign: string): number {
  if (Object.values<string>(delimiters).includes(sign)) return sign.charCodeAt(0)
  const detail = `the line sep=${sign} names a delimiter that is not supported, expected one of , ; tab |`
  throw fileError('DATASET_FORMAT', { file: file.name, line: 1 }, detail)
}

/** Reads the first rows, until a row cannot be read with this delimiter. */
export function readSample(file: ByteSource, delimiter: number, limits: CsvLimits): Reading {
  const rows: Reading['rows'] = []
  const counts: number[] = []
  try {
    new CsvReader(sniffSource(file), delimiter, limits).forEachRow(row => {
      counts.push(row.fieldCount)
      const length = Math.min(row.fieldCount, sniffFields)
      rows.push({
        texts: Array.from({ length }, (_, field) => fieldText(row, field)),
        line: row.line,
      })
      return counts.length < sniffRows
    })
  } catch {
    // The delimiter is wrong, or the sample ends within a field. The rows before it count.
  }
  const fields = counts[0] ?? 0
  // the sample may end within the last row
  const isCut = file.size > sniffBytes && counts.length < sniffRows && counts.length > 1
  const whole = isCut ? counts.slice(0, -1) : counts
  const share = whole.filter(count => count === fields).length / Math.max(1, whole.length)
  return { delimiter, fields, counts: whole, share, rows: rows.slice(0, whole.length) }
}

const sniffSource = (file: ByteSource): ByteSource => ({
  name: file.name,
  size: Math.min(file.size, sniffBytes),
  read: (offset, length) =>
    file.read(offset, Math.max(0, Math.min(length, Math.min(file.size, sniffBytes) - offset))),
})

/** The reading whose header has most of the known names, if it has any. */
function findKnown(readings: readonly Reading[], names: readonly string[]): Reading | null {
  const known = new Set(names)
  const count = ({ rows }: Reading) => (rows[0]?.texts ?? []).filter(name => known.has(name)).length
  const found = readings.filter(reading => count(reading) > 0)
  return found.sort((a, b) => count(b) - count(a))[0] ?? null
}

/** True if every column has a name, and each another one. The last may lack one if each row ends in a delimiter. */
function isClean({ rows }: Reading): boolean {
  const names = rows[0]!.texts
  return names.slice(0, -1).every(name => name !== '') && new Set(names).size === names.length
}

interface Rated {
  reading: Reading
  /** Share of the cells that are values rather than texts: numbers in any notation, words for missing, true, false. */
  values: number
  /** Share of the names that no other delimiter would split. A blank after a comma belongs to a text. */
  names: number
}

const numberParser = new NumberParser()

function rate(reading: Reading, fitting: readonly Reading[], header?: boolean): Rated {
  const { rows } = reading
  const hasNames = header ?? !rows[0]?.texts.some(isValue)
  const cells = rows.slice(hasNames ? 1 : 0).flatMap(({ texts }) => texts)
  const others = fitting
    .filter(({ delimiter }) => delimiter !== reading.delimiter)
    .map(({ delimiter }) => String.fromCharCode(delimiter))
  const isSplit = (name: string) =>
    others.some(sign => name.split(sign).some((part, at) => at > 0 && !part.startsWith(' ')))
  const share = (texts: readonly string[], test: (text: string) => boolean) =>
    texts.length === 0 ? 1 : texts.filter(test).length / texts.length
  return {
    reading,
    values: share(cells, isValue),
    names: hasNames ? 1 - share(rows[0]!.texts, isSplit) : 1,
  }
}

function isValue(text: string): boolean {
  const bytes = Buffer.from(text)
  const end = bytes.length
  return (
    end === 0 ||
    numberParser.parse(bytes, 0, end) ||
    isMissingMarker(bytes, 0, end) ||
    parseBoolean(bytes, 0, end) >= 0 ||
    shapeOf(text) !== null
  )
}

/** Some evidence must speak for the one reading, and none for the other. */
function beats(one: Rated, other: Rated): boolean {
  const byValues = one.values - other.values
  const byNames = one.names - other.names
  const isBetter = byValues > minDifference || byNames > minDifference
  return isBetter && byValues > -minDifference && byNames > -minDifference
}

const delimiterName = (delimiter: number) =>
  Object.entries(delimiters).find(([, sign]) => sign.charCodeAt(0) === delimiter)![0]

const describe = ({ delimiter, fields, rows }: Reading) =>
  `${delimiterName(delimiter)} (${fields} columns: ${listNames(rows[0]!.texts, 5)}; then ${listNames(rows[1]?.texts ?? [], 5)})`

function ambiguousError(file: ByteSource, readings: readonly Reading[]) {
  const shown = readings.map(describe).join(' or ')
  const detail = `the rows can be split by ${shown}: say which by the field delimiter, such as delimiter=${delimiterName(readings[0]!.delimiter)}`
  return fileError('DATASET_FORMAT', { file: file.name, line: readings[0]!.rows[0]!.line }, detail)
}

function noteOtherReadings(
  winner: Reading,
  readings: readonly Reading[],
  notes: Notes | undefined,
): void {
  const others = readings.filter(reading => reading !== winner).map(describe)
  const message = `the rows are split by ${describe(winner)}; another delimiter would fit as well: ${others.join(' or ')}; the field delimiter decides`
  notes?.add('delimiter_inferred', message)
}

/** Throws if only rows below the first ones have several fields, and all of them as many. */
function checkForTitle(file: ByteSource, { delimiter, counts, rows }: Reading): void {
  const first = counts.findIndex(count => count > 1)
  const isRegular = counts.slice(first).every(count => count === counts[first])
  if (first < 1 || counts.length < first + 2 || !isRegular) return
  const { line, texts } = rows[0]!
  const name = delimiterName(delimiter)
  const detail = `${quoteCell(texts[0]!)} is no header: from line ${rows[first]!.line} on, ${name} splits each row into ${counts[first]} fields; remove the lines above the header`
  throw fileError('DATASET_HEADER', { file: file.name, line }, detail)
}

/** Throws if blanks split all rows into the same number of fields, which no single column of texts has. */
function checkForBlanks(file: ByteSource, blanks: Reading): void {
  const { fields, share, rows } = blanks
  if (fields < 2 || share < minShare || rows.length < 2) return
  const { values } = rate(blanks, [blanks])
  if (fields < 3 && values < 0.5) return
  const example = quoteCell(rows[1]!.texts.join(' '))
  const detail = `the ${fields} fields of a row are separated by blanks, such as ${example}: send delimiter=whitespace`
  throw fileError('DATASET_FORMAT', { file: file.name, line: rows[0]!.line }, detail)
}
