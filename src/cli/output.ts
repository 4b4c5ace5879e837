import { styleText } from 'node:util'
import { type Column, table } from './terminal/table.js'

export interface Streams {
  stdin: NodeJS.ReadStream
  stdout: NodeJS.WriteStream
  stderr: NodeJS.WriteStream
}

export type Style = Parameters<typeof styleText>[0]

/**
 * Where commands print. Results go to stdout, everything else (progress, notes, errors) to stderr, so that a pipe gets
 * results alone. With `--json`, stdout has JSON only: an object, an array for a list, or one object a line for a
 * stream.
 */
export class Output {
  constructor(
    private readonly streams: Streams,
    readonly isJson: boolean,
  ) {}

  /** Of the terminal, in characters. A pipe or a file gets all of each line. */
  get width(): number {
    const { isTTY, columns } = this.streams.stdout
    // a terminal that does not say has 0 columns
    return isTTY && columns > 0 ? columns : Number.POSITIVE_INFINITY
  }

  /** Of pictures made of characters. */
  get chartWidth(): number {
    return Math.min(this.width, 100)
  }

  /** Whether someone watches stderr, so that progress may be drawn over itself. */
  get isLive(): boolean {
    return this.streams.stderr.isTTY === true
  }

  get hasColours(): boolean {
    return this.style('red', 'x') !== 'x'
  }

  /** A result: `value` as JSON, or what `text` makes of it for a person. */
  result<T>(value: T, text: (value: T) => string): void {
    this.line(this.isJson ? JSON.stringify(value, null, 2) : text(value))
  }

  /** A list: an array of JSON, or a table; without items, `none` says so. */
  list<T>(items: readonly T[], columns: readonly Column<T>[], none: string): void {
    if (this.isJson) this.line(JSON.stringify(items, null, 2))
    else if (items.length === 0) this.note(none)
    else this.line(table(items, columns, this.width, text => this.style('bold', text)))
  }

  /** One event of a stream. */
  event<T>(value: T, text: (value: T) => string): void {
    this.line(this.isJson ? JSON.stringify(value) : text(value))
  }

  line(text: string): void {
    this.streams.stdout.write(`${text}\n`)
  }

  /** What a person should know and a script does not read. */
  note(text: string): void {
    this.streams.stderr.write(`${text}\n`)
  }

  /** Coloured if stdout is a terminal that shows colours (NO_COLOR, FORCE_COLOR and TERM are heeded). */
  style(format: Style, text: string): string {
    return styleText(format, text, { stream: this.streams.stdout, validateStream: true })
  }

  /** The same for texts on stderr. */
  noteStyle(format: Style, text: string): string {
    return styleText(format, text, { stream: this.streams.stderr, validateStream: true })
  }
}
