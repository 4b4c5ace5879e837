// CSV as RFC 4180 has it, over bytes: fields may be quoted, quotes within are doubled, quoted fields may
// hold delimiters and line ends. Besides: LF, CRLF and CR end lines, a byte order mark and blank lines
// are passed over, blanks around a field are no part of it, a quote within an unquoted field is a quote.
import { isUtf8 } from 'node:buffer'
import { type FileErrorCode, fileError } from '../errors.js'

/** What rows are read from; a read may overwrite what the one before it gave. */
export interface ByteSource {
  readonly name: string
  readonly bytes: number
  read(offset: number, length: number): Buffer
}

/** The fields of a line, as ranges of `bytes`; overwritten by the next line. */
export interface CsvRow {
  bytes: Buffer
  count: number
  starts: Int32Array
  ends: Int32Array
  /** 1 for a field in quotes. */
  quoted: Uint8Array
  /** Counted from 1, where the row begins. */
  line: number
}

export interface CsvLimits {
  /** Bytes of one row. */
  rowBytes: number
  columns: number
}

const LF = 10
const CR = 13
const blank = 32
const quote = 34

const plain = 0
const inQuotes = 1
const withDoubledQuotes = 2

const firstWindow = 2 ** 20

export const fieldText = ({ bytes, starts, ends }: CsvRow, column: number): string =>
  bytes.toString('utf8', starts[column]!, ends[column]!)

/** Reads the rows of a file in one pass; memory is bounded by the longest row. */
export class CsvReader {
  private offset: number
  private line = 1
  private suspect = false
  private readonly row: CsvRow

  constructor(
    private readonly file: ByteSource,
    private readonly delimiter: number,
    private readonly limits: CsvLimits,
  ) {
    this.offset = file.read(0, 3).equals(byteOrderMark) ? byteOrderMark.length : 0
    const fields = Math.min(64, limits.columns)
    this.row = {
      ...{ bytes: Buffer.alloc(0), count: 0, line: 1 },
      ...{ starts: new Int32Array(fields), ends: new Int32Array(fields) },
      quoted: new Uint8Array(fields),
    }
  }

  /** Visits rows until there are no more, or the visitor answers false. */
  visit(each: (row: CsvRow) => unknown): void {
    let window = Math.min(firstWindow, this.limits.rowBytes)
    while (this.offset < this.file.bytes) {
      const bytes = this.file.read(this.offset, window)
      const last = this.offset + bytes.length >= this.file.bytes
      this.suspect = !isCleanText(bytes, last)
      const used = this.scan(bytes, last, each)
      if (used < 0) return
      this.offset += used
      if (used > 0) continue
      if (window >= this.limits.rowBytes) throw this.tooLong(bytes)
      window = Math.min(2 * window, this.limits.rowBytes)
    }
  }

  /** The bytes of all rows that are whole; -1 where the visitor has had enough. */
  private scan(bytes: Buffer, last: boolean, each: (row: CsvRow) => unknown): number {
    const { delimiter, row } = this
    const end = bytes.length
    row.bytes = bytes
    let at = 0
    while (at < end) {
      const begin = at
      let lines = 0
      let count = 0
      for (;;) {
        while (at < end && bytes[at] === blank) at++
        let start = at
        let stop: number
        let form = plain
        if (at < end && bytes[at] === quote) {
          const opened = this.line + lines
          form = inQuotes
          start = ++at
          for (;;) {
            if (at >= end) {
              if (!last) return begin
              throw this.unterminated(opened, count, bytes.subarray(start))
            }
            const byte = bytes[at]
            if (byte === quote) {
              if (at + 1 === end && !last) return begin
              if (bytes[at + 1] !== quote) break
              form = withDoubledQuotes
              at++
            } else if (byte === LF || (byte === CR && bytes[at + 1] !== LF)) lines++
            at++
          }
          stop = at++
          while (at < end && bytes[at] === blank) at++
          if (at < end && !this.endsField(bytes[at]!))
            throw this.afterQuote(count, bytes, start, at)
        } else {
          let byte = 0
          while (at < end) {
            byte = bytes[at]!
            if (byte === delimiter || byte === LF || byte === CR) break
            at++
          }
          stop = at
          while (stop > start && bytes[stop - 1] === blank) stop--
        }
        if (count === row.starts.length) this.grow(count)
        row.starts[count] = start
        row.ends[count] = stop
        row.quoted[count] = form
        count++
        if (at >= end) {
          if (!last) return begin
          break
        }
        const byte = bytes[at]
        if (byte === CR && at + 1 === end && !last) return begin
        at++
        if (byte === delimiter) continue
        if (byte === CR && bytes[at] === LF) at++
        lines++
        break
      }
      row.count = count
      row.line = this.line
      this.line += lines
      if (count === 1 && row.quoted[0] === plain && row.starts[0] === row.ends[0]) continue
      this.finish()
      if (each(row) === false) return -1
    }
    return at
  }

  private endsField(byte: number): boolean {
    return byte === this.delimiter || byte === LF || byte === CR
  }

  private finish(): void {
    const { row } = this
    for (let field = 0; field < row.count; field++) {
      if (this.suspect) this.checkText(field)
      if (row.quoted[field] !== withDoubledQuotes) continue
      row.quoted[field] = inQuotes
      row.ends[field] = undouble(row.bytes, row.starts[field]!, row.ends[field]!)
    }
  }

  private grow(count: number): void {
    const { row, limits } = this
    if (count >= limits.columns) {
      const place = { file: this.file.name, line: this.line }
      const trouble = `the row has more than ${limits.columns} fields`
      throw fileError('DATASET_TOO_LARGE', place, trouble)
    }
    const longer = Math.min(2 * count, limits.columns)
    const starts = new Int32Array(longer)
    const ends = new Int32Array(longer)
    const quoted = new Uint8Array(longer)
    starts.set(row.starts)
    ends.set(row.ends)
    quoted.set(row.quoted)
    Object.assign(row, { starts, ends, quoted })
  }

  private checkText(field: number): void {
    const { bytes, starts, ends, line } = this.row
    const text = bytes.subarray(starts[field], ends[field])
    if (text.includes(0)) {
      throw this.flaw('DATASET_ENCODING', line, field, `${cut(text)} holds a NUL byte`)
    }
    if (isUtf8(text)) return
    const trouble = `${cut(text)} is not UTF-8: save the file as UTF-8`
    throw this.flaw('DATASET_ENCODING', line, field, trouble)
  }

  private unterminated(line: number, field: number, rest: Buffer) {
    const trouble = `the quote before ${cut(rest)} is not closed`
    return this.flaw('DATASET_ROW', line, field, trouble)
  }

  private afterQuote(field: number, bytes: Buffer, start: number, at: number) {
    const found = cut(bytes.subarray(start - 1, at + 20))
    const trouble = `something follows the closing quote in ${found}: double the quotes within a field`
    return this.flaw('DATASET_ROW', this.line, field, trouble)
  }

  private tooLong(bytes: Buffer) {
    const trouble = `the row from ${cut(bytes)} on has more than ${this.limits.rowBytes} bytes; is a quote not closed?`
    return fileError('DATASET_TOO_LARGE', { file: this.file.name, line: this.line }, trouble)
  }

  private flaw(code: FileErrorCode, line: number, field: number, trouble: string) {
    return fileError(code, { file: this.file.name, line, column: field + 1 }, trouble)
  }
}

const byteOrderMark = Buffer.of(0xef, 0xbb, 0xbf)

/** Looks only at whole lines: the rest of a window may end within a character. */
function isCleanText(bytes: Buffer, last: boolean): boolean {
  const end = last ? bytes.length : Math.max(bytes.lastIndexOf(LF), bytes.lastIndexOf(CR)) + 1
  const lines = bytes.subarray(0, end)
  return isUtf8(lines) && !lines.includes(0)
}

/** Turns "" into " in place; answers where the text now ends. */
function undouble(bytes: Buffer, start: number, end: number): number {
  let to = start
  for (let from = start; from < end; from++) {
    bytes[to++] = bytes[from]!
    if (bytes[from] === quote) from++
  }
  return to
}

/** A value as messages show it. */
export function cut(text: string | Uint8Array): string {
  const whole = typeof text === 'string' ? text : Buffer.from(text.subarray(0, 200)).toString()
  const characters = [...whole.slice(0, 100)]
  const shown = characters.slice(0, 40).join('')
  return JSON.stringify(shown) + (characters.length > 40 ? '…' : '')
}
