import { usageError } from '../failure.js'
import type { InputFile } from './input-files.js'

/** The most that one request takes. */
export interface PartLimits {
  rows: number
  bytes: number
}

/** The rows of a JSON file: a list, one row, or `{ "instances": [...] }` as the API takes it. */
export function rowsOfJson({ name, kind, content }: InputFile): unknown[] {
  const text = content.toString()
  try {
    if (kind === 'jsonLines') {
      return text
        .split('\n')
        .filter(line => line.trim() !== '')
        .map(line => JSON.parse(line) as unknown)
    }
    const value = JSON.parse(text) as unknown
    if (Array.isArray(value)) return value
    const { instances } = Object(value) as { instances?: unknown }
    return Array.isArray(instances) ? instances : [value]
  } catch (error) {
    throw usageError(`${name} is no JSON: ${(error as Error).message}`)
  }
}

export function* partsOfRows(rows: readonly unknown[], limits: PartLimits): Generator<unknown[]> {
  let part: unknown[] = []
  let bytes = 0
  for (const row of rows) {
    const own = Buffer.byteLength(JSON.stringify(row)) + 1
    if (part.length > 0 && (part.length === limits.rows || bytes + own > limits.bytes)) {
      yield part
      part = []
      bytes = 0
    }
    part.push(row)
    bytes += own
  }
  if (part.length > 0) yield part
}

export interface CsvPart {
  content: string
  /** How many rows of the file are before it, and how many lines. */
  rowsBefore: number
}

/** A CSV in parts, each with the header. Line ends within quotes end no row. */
export function* partsOfCsv(text: string, limits: PartLimits): Generator<CsvPart> {
  const records = recordsOf(text)
  const header = records.next().value
  if (header === undefined) return
  const head = header.endsWith('\n') || header.endsWith('\r') ? header : `${header}\n`
  const headBytes = Buffer.byteLength(head)
  let part: string[] = []
  let bytes = headBytes
  let rowsBefore = 0
  for (const record of records) {
    const own = Buffer.byteLength(record)
    if (part.length > 0 && (part.length === limits.rows || bytes + own > limits.bytes)) {
      yield { content: head + part.join(''), rowsBefore }
      rowsBefore += part.length
      part = []
      bytes = headBytes
    }
    part.push(record)
    bytes += own
  }
  // a file without rows is the server's to refuse
  if (part.length > 0 || rowsBefore === 0) yield { content: head + part.join(''), rowsBefore }
}

/** Each record with its line end; blank lines go with the record after them. */
function* recordsOf(text: string): Generator<string> {
  let start = 0
  let isQuoted = false
  let isBlank = true
  for (let i = 0; i < text.length; i++) {
    const character = text[i]
    if (character === '"') isQuoted = !isQuoted
    if (character !== '\n' && character !== '\r') {
      isBlank = false
      continue
    }
    if (isQuoted || isBlank || (character === '\r' && text[i + 1] === '\n')) continue
    yield text.slice(start, i + 1)
    start = i + 1
    isBlank = true
  }
  if (!isBlank) yield text.slice(start)
}
