import { isUtf8 } from 'node:buffer'
import type { TrainyardError } from '../../../errors.js'
import { fileError } from '../../errors.js'
import type { InputFile } from '../../input-file.js'
import type { BrokenLines } from './broken-lines.js'
import {
  JsonEnd,
  JsonError,
  JsonLimitError,
  JsonScanner,
  type JsonVisitor,
} from './json-scanner.js'

/** What is told of the records of a file. */
export interface RecordVisitor extends JsonVisitor {
  /** Before the values of a record. `bytes` are those of the places that follow. */
  beginRecord(bytes: Buffer): void
  endRecord(): void
}

const initialWindowBytes = 2 ** 20
const LF = 10
const comma = 44

/**
 * Reads a file of JSON records: objects that follow each other, as in JSON Lines, or a list of objects. Holds one
 * record in memory, of at most `maxBytes`. Errors name line and column, in bytes. With `broken`, a line that is no
 * record is passed over, if each record of the file is in a line of its own.
 */
export class JsonRecords {
  /** The bytes before the window, and their lines. */
  private offset = 0
  private line = 1
  /** Where the line of the window's start begins, from the start of the window: 0 or less. */
  private lineStart = 0
  private readonly scanner: JsonScanner
  private isList = false
  private spansLines = false
  private firstBroken: TrainyardError | null = null

  constructor(
    private readonly file: InputFile,
    private readonly maxBytes: number,
    private readonly visitor: RecordVisitor,
    private readonly broken: BrokenLines | null,
  ) {
    this.scanner = new JsonScanner(visitor)
  }

  /** Yields after each record, which the visitor has seen, and after each broken line that was passed over. */
  *read(): Generator<'record' | 'broken'> {
    const { file, scanner } = this
    this.begin()
    let window = Math.min(initialWindowBytes, this.maxBytes)
    let records = 0
    while (this.offset < file.size) {
      // a copy, since the visitor may keep places of it until the next record
      const bytes = Buffer.from(file.read(this.offset, window))
      const isLast = this.offset + bytes.length === file.size
      scanner.bytes = bytes
      scanner.at = 0
      let done = 0
      for (;;) {
        const found = this.readRecord(records, isLast)
        if (found === 'end') return
        if (found === 'more') break
        done = scanner.at
        if (found === 'record') records++
        yield found
      }
      if (done === 0 && !isLast && bytes.length >= this.maxBytes) throw this.tooLong()
      if (done === 0) window = Math.min(2 * window, this.maxBytes)
      this.advance(bytes, done)
      if (isLast && done === 0) return
    }
  }

  /** Passes over a byte order mark, and the bracket of a list. */
  private begin(): void {
    const start = Buffer.from(this.file.read(0, 4096))
    const mark = start.subarray(0, 3).equals(Buffer.of(0xef, 0xbb, 0xbf)) ? 3 : 0
    const { scanner } = this
    scanner.bytes = start
    scanner.at = mark
    this.isList = scanner.next() === 91
    const to = this.isList ? scanner.at + 1 : mark
    this.advance(start, to)
  }

  /** `more`: the window ends before the record does. `broken`: the line is no record. */
  private readRecord(records: number, isLast: boolean): 'record' | 'end' | 'more' | 'broken' {
    const { scanner } = this
    let start = scanner.at
    try {
      let byte = scanner.next()
      if (this.isList && byte === 93) return this.endList(isLast)
      if (this.isList && records > 0 && byte >= 0) {
        if (byte !== comma) throw new JsonError('expected "," or "]" after a record', scanner.at)
        scanner.at++
        byte = scanner.next()
      }
      if (byte < 0) {
        if (!isLast) return 'more'
        if (!this.isList) return 'end'
        throw new JsonError('the list of records is not closed by "]"', scanner.at)
      }
      start = scanner.at
      if (this.broken?.has(this.file, this.offset + start)) return this.passLine(isLast)
      if (byte !== 123) {
        const found = scanner.bytes.toString('utf8', scanner.at, scanner.at + 20)
        const detail = `record ${records + 1} begins with ${JSON.stringify(found)}, expected an object such as {"x":1}`
        throw new JsonError(detail, scanner.at)
      }
      this.skipAndCheck(start)
      this.checkLines(start)
      return 'record'
    } catch (error) {
      if (error instanceof JsonEnd) {
        if (!isLast) return 'more'
        throw this.errorAt(scanner.bytes.length, 'the file ends within a record')
      }
      if (!(error instanceof JsonError)) throw error
      const isRefused = this.isList || this.spansLines || error instanceof JsonLimitError
      if (isRefused || !this.broken) throw this.errorAt(error.at, error.message)
      const told = this.lineError(start, error)
      this.broken.add(this.file, this.offset + start, told)
      this.firstBroken ??= told
      scanner.at = start
      return this.passLine(isLast)
    }
  }

  /** The error of a line that is no record. An error in a later line says nothing of that line. */
  private lineError(start: number, { at, message }: JsonError): TrainyardError {
    const end = this.scanner.bytes.indexOf(LF, start)
    if (end < 0 || end >= at) return this.errorAt(at, message)
    return this.errorAt(end, 'the line ends within the record')
  }

  /** Moves to the end of the line. */
  private passLine(isLast: boolean): 'broken' | 'more' {
    const { scanner } = this
    const end = scanner.bytes.indexOf(LF, scanner.at)
    if (end < 0 && !isLast) return 'more'
    scanner.at = end < 0 ? scanner.bytes.length : end
    return 'broken'
  }

  /** If records span lines, the lines after a broken one may be parts of it. */
  private checkLines(start: number): void {
    if (!this.broken || this.isList || this.spansLines) return
    const end = this.scanner.bytes.indexOf(LF, start)
    this.spansLines = end >= 0 && end < this.scanner.at
    if (this.spansLines && this.firstBroken) throw this.firstBroken
  }

  private skipAndCheck(start: number): void {
    const { scanner, visitor } = this
    visitor.beginRecord(scanner.bytes)
    scanner.object('')
    const record = scanner.bytes.subarray(start, scanner.at)
    if (!isUtf8(record))
      throw new JsonError('the record is not UTF-8: save the file as UTF-8', start)
    visitor.endRecord()
  }

  private endList(isLast: boolean): 'end' | 'more' {
    const { scanner } = this
    const bracket = scanner.at
    scanner.at++
    if (scanner.next() >= 0)
      throw new JsonError('something follows the list of records', scanner.at)
    scanner.at = bracket
    return isLast ? 'end' : 'more'
  }

  private advance(bytes: Buffer, count: number): void {
    for (let at = bytes.indexOf(LF); at >= 0 && at < count; at = bytes.indexOf(LF, at + 1)) {
      this.line++
      this.lineStart = at + 1
    }
    this.lineStart -= count
    this.offset += count
  }

  private errorAt(at: number, detail: string) {
    let { line, lineStart } = this
    const { bytes } = this.scanner
    for (let end = bytes.indexOf(LF); end >= 0 && end < at; end = bytes.indexOf(LF, end + 1)) {
      line++
      lineStart = end + 1
    }
    const place = { file: this.file.name, line, column: at - lineStart + 1 }
    return fileError('DATASET_FORMAT', place, detail)
  }

  private tooLong() {
    const place = { file: this.file.name, line: this.line }
    const detail = `the record has more than ${this.maxBytes} bytes`
    return fileError('DATASET_TOO_LARGE', place, detail)
  }
}
