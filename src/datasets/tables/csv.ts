// CSV (RFC 4180), read as bytes: fields may be quoted, quotes in quoted fields are doubled, quoted fields
// may contain delimiters and line ends. Beyond the RFC, LF, CRLF and CR end lines; a byte order mark and
// blank lines are skipped; blanks around a field are trimmed; a quote in an unquoted field is literal. A first
// line `sep=;`, which Excel reads as the delimiter, is no row. Runs of blanks and tabs can be the delimiter.
import { isUtf8 } from 'node:buffer'
import { type FileErrorCode, fileError } from '../errors.js'

/** A source of bytes. A read may overwrite the bytes of the previous read. */
export interface ByteSource {
  readonly name: string
  readonly size: number
  read(offset: number, length: number): Buffer
  /** Fills an array with the bytes from an offset on, without a copy. A source in memory has no need of it. */
  readInto?(offset: number, bytes: Uint8Array): void
}

/** The fields of a row, as ranges of `bytes`. The next row overwrites them. */
export interface CsvRow {
  bytes: Buffer
  fieldCount: number
  starts: Int32Array
  ends: Int32Array
  /** 1 if the field is quoted. */
  quoted: Uint8Array
  /** The line on which the row begins, from 1. */
  line: number
}

export interface CsvLimits {
  /** Limit for the bytes of one row. */
  rowBytes: number
  columns: number
}

const tab = 9
const LF = 10
const CR = 13
const space = 32
const doubleQuote = 34

const unquotedField = 0
const quotedField = 1
const escapedField = 2

/** The delimiter of fields that are separated by runs of blanks and tabs. */
export const whitespace = space

const initialWindowBytes = 2 ** 20

export const fieldText = ({ bytes, starts, ends }: CsvRow, column: number): string =>
  bytes.toString('utf8', starts[column]!, ends[column]!)

/** Where a row begins. */
export interface CsvPosition {
  /** In bytes. */
  offset: number
  line: number
}

/** Reads the rows of a file in one pass, in memory that grows with the longest row only. */
export class CsvReader {
  private offset: number
  private line = 1
  private needsTextCheck = false
  /** A tab separates fields as blanks do; otherwise the delimiter again. */
  private readonly secondDelimiter: number
  private readonly row: CsvRow

  constructor(
    private readonly file: ByteSource,
    private readonly delimiter: number,
    private readonly limits: CsvLimits,
  ) {
    const { bytes, lines } = readPreamble(file)
    this.offset = bytes
    this.line = 1 + lines
    this.secondDelimiter = delimiter === whitespace ? tab : delimiter
    const fields = Math.min(64, limits.columns)
    this.row = {
      bytes: Buffer.alloc(0),
      fieldCount: 0,
      line: 1,
      starts: new Int32Array(fields),
      ends: new Int32Array(fields),
      quoted: new Uint8Array(fields),
    }
  }

  /** Where the row after the last one begins. Another reader of the file may read rows from there, and say where it ends. */
  get position(): CsvPosition {
    return { offset: this.offset, line: this.line }
  }

  set position({ offset, line }: CsvPosition) {
    this.offset = offset
    this.line = line
  }

  /** Visits rows until the end of the file, or until the visitor returns false. `windowBytes` are read at first. */
  forEachRow(onRow: (row: CsvRow) => unknown, windowBytes = initialWindowBytes): void {
    let window = Math.min(windowBytes, this.limits.rowBytes)
    while (this.offset < this.file.size) {
      const bytes = this.file.read(this.offset, window)
      const isLast = this.offset + bytes.length >= this.file.size
      this.needsTextCheck = !isValidText(bytes, isLast)
      const { consumed, isStopped } = this.scan(bytes, isLast, onRow)
      this.offset += consumed
      if (isStopped) return
      if (consumed > 0) continue
      if (window >= this.limits.rowBytes) throw this.rowTooLongError(bytes)
      window = Math.min(2 * window, this.limits.rowBytes)
    }
  }

  /** Returns the bytes of all complete rows, and whether the visitor returned false. */
  private scan(bytes: Buffer, isLast: boolean, onRow: (row: CsvRow) => unknown): Scanned {
    const { delimiter, secondDelimiter, row } = this
    const isWhitespace = delimiter === whitespace
    const end = bytes.length
    row.bytes = bytes
    let at = 0
    while (at < end) {
      const rowStart = at
      let lines = 0
      let fieldCount = 0
      for (;;) {
        while (at < end && (bytes[at] === space || (isWhitespace && bytes[at] === tab))) at++
        let fieldStart = at
        let fieldEnd: number
        let quoting = unquotedField
        if (at < end && bytes[at] === doubleQuote) {
          const openingLine = this.line + lines
          quoting = quotedField
          fieldStart = ++at
          for (;;) {
            if (at >= end) {
              if (!isLast) return upTo(rowStart)
              throw this.unterminatedQuoteError(openingLine, fieldCount, bytes.subarray(fieldStart))
            }
            const byte = bytes[at]
            if (byte === doubleQuote) {
              if (at + 1 === end && !isLast) return upTo(rowStart)
              if (bytes[at + 1] !== doubleQuote) break
              quoting = escapedField
              at++
            } else if (byte === LF || (byte === CR && bytes[at + 1] !== LF)) lines++
            at++
          }
          fieldEnd = at++
          while (!isWhitespace && at < end && bytes[at] === space) at++
          if (at < end && !this.isFieldEnd(bytes[at]!))
            throw this.afterQuoteError(fieldCount, bytes, fieldStart, at)
        } else {
          let byte = 0
          while (at < end) {
            byte = bytes[at]!
            if (byte === delimiter || byte === LF || byte === CR || byte === secondDelimiter) break
            at++
          }
          fieldEnd = at
          while (fieldEnd > fieldStart && bytes[fieldEnd - 1] === space) fieldEnd--
        }
        // a run of blanks at the end of a line separates nothing
        if (isWhitespace) while (at < end && (bytes[at] === space || bytes[at] === tab)) at++
        if (fieldCount === row.starts.length) this.growFieldArrays(fieldCount)
        row.starts[fieldCount] = fieldStart
        row.ends[fieldCount] = fieldEnd
        row.quoted[fieldCount] = quoting
        fieldCount++
        if (at >= end) {
          if (!isLast) return upTo(rowStart)
          break
        }
        const byte = bytes[at]
        if (byte === CR && at + 1 === end && !isLast) return upTo(rowStart)
        if (isWhitespace && byte !== LF && byte !== CR) continue
        at++
        if (byte === delimiter) continue
        if (byte === CR && bytes[at] === LF) at++
        lines++
        break
      }
      row.fieldCount = fieldCount
      row.line = this.line
      this.line += lines
      if (fieldCount === 1 && row.quoted[0] === unquotedField && row.starts[0] === row.ends[0])
        continue
      this.finishRow()
      if (onRow(row) === false) return { consumed: at, isStopped: true }
    }
    return upTo(at)
  }

  private isFieldEnd(byte: number): boolean {
    return byte === this.delimiter || byte === this.secondDelimiter || byte === LF || byte === CR
  }

  private finishRow(): void {
    const { row } = this
    for (let field = 0; field < row.fieldCount; field++) {
      if (this.needsTextCheck) this.checkEncoding(field)
      if (row.quoted[field] !== escapedField) continue
      row.quoted[field] = quotedField
      row.ends[field] = unescapeQuotes(row.bytes, row.starts[field]!, row.ends[field]!)
    }
  }

  private growFieldArrays(fieldCount: number): void {
    const { row, limits } = this
    if (fieldCount >= limits.columns) {
      const location = { file: this.file.name, line: this.line }
      const detail = `the row has more than ${limits.columns} fields`
      throw fileError('DATASET_TOO_LARGE', location, detail)
    }
    const capacity = Math.min(2 * fieldCount, limits.columns)
    const starts = new Int32Array(capacity)
    const ends = new Int32Array(capacity)
    const quoted = new Uint8Array(capacity)
    starts.set(row.starts)
    ends.set(row.ends)
    quoted.set(row.quoted)
    Object.assign(row, { starts, ends, quoted })
  }

  private checkEncoding(field: number): void {
    const { bytes, starts, ends, line } = this.row
    const text = bytes.subarray(starts[field], ends[field])
    if (text.includes(0)) {
      throw this.errorAtField(
        'DATASET_ENCODING',
        line,
        field,
        `${quoteCell(text)} holds a NUL byte`,
      )
    }
    if (isUtf8(text)) return
    const detail = `${quoteCell(text)} is not UTF-8: save the file as UTF-8`
    throw this.errorAtField('DATASET_ENCODING', line, field, detail)
  }

  private unterminatedQuoteError(line: number, field: number, rest: Buffer) {
    const detail = `the quote before ${quoteCell(rest)} is not closed`
    return this.errorAtField('DATASET_ROW', line, field, detail)
  }

  private afterQuoteError(field: number, bytes: Buffer, start: number, at: number) {
    const found = quoteCell(bytes.subarray(start - 1, at + 20))
    const detail = `something follows the closing quote in ${found}: double the quotes within a field`
    return this.errorAtField('DATASET_ROW', this.line, field, detail)
  }

  private rowTooLongError(bytes: Buffer) {
    const detail = `the row from ${quoteCell(bytes)} on has more than ${this.limits.rowBytes} bytes; is a quote not closed?`
    return fileError('DATASET_TOO_LARGE', { file: this.file.name, line: this.line }, detail)
  }

  private errorAtField(code: FileErrorCode, line: number, field: number, detail: string) {
    return fileError(code, { file: this.file.name, line, column: field + 1 }, detail)
  }
}

interface Scanned {
  consumed: number
  isStopped: boolean
}

const upTo = (consumed: number): Scanned => ({ consumed, isStopped: false })

const byteOrderMark = Buffer.of(0xef, 0xbb, 0xbf)

/** What comes before the first row: a byte order mark, and a line such as `sep=;`. */
export function readPreamble(file: ByteSource): {
  bytes: number
  lines: number
  /** The sign that the line names; null without such a line. */
  delimiter: string | null
} {
  const start = Buffer.from(file.read(0, 16))
  const bytes = start.subarray(0, 3).equals(byteOrderMark) ? byteOrderMark.length : 0
  const found = /^"?sep=(.)"?(?:\r\n|\n|\r)/is.exec(start.toString('latin1', bytes))
  if (!found) return { bytes, lines: 0, delimiter: null }
  return { bytes: bytes + found[0].length, lines: 1, delimiter: found[1]! }
}

/** Checks complete lines only, since the window may end within a character. */
export function isValidText(bytes: Buffer, isLast: boolean): boolean {
  const end = isLast ? bytes.length : Math.max(bytes.lastIndexOf(LF), bytes.lastIndexOf(CR)) + 1
  const lines = bytes.subarray(0, end)
  return isUtf8(lines) && !lines.includes(0)
}

/** Replaces "" by " in place, and returns the new end of the text. */
function unescapeQuotes(bytes: Buffer, start: number, end: number): number {
  let to = start
  for (let from = start; from < end; from++) {
    bytes[to++] = bytes[from]!
    if (bytes[from] === doubleQuote) from++
  }
  return to
}

/** Cuts and quotes a cell for an error message. */
export function quoteCell(text: string | Uint8Array): string {
  const decoded = typeof text === 'string' ? text : Buffer.from(text.subarray(0, 200)).toString()
  const characters = [...decoded.slice(0, 100)]
  const truncated = characters.slice(0, 40).join('')
  return JSON.stringify(truncated) + (characters.length > 40 ? '…' : '')
}
