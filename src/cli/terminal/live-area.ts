import { stripVTControlCharacters } from 'node:util'
import { cut, textWidth } from './table.js'

/** Lines at the end of a terminal that are drawn over again. */
export class LiveArea {
  private drawn: readonly string[] = []

  constructor(private readonly terminal: NodeJS.WriteStream) {}

  get width(): number {
    // the last column stays free: some terminals begin a new line after it
    return (this.terminal.columns || 80) - 1
  }

  /** Lines that fit, with one for the cursor. */
  get height(): number {
    return (this.terminal.rows || 24) - 1
  }

  draw(lines: readonly string[]): void {
    const shown = lines.slice(0, this.height).map(line => this.cutLine(line))
    const up = this.rowsDrawn()
    const back = up === 0 ? '' : `\x1b[${up}A`
    const text = shown.map(line => `${line}\x1b[K\n`).join('')
    this.terminal.write(`${back}\r${text}\x1b[J`)
    this.drawn = shown
  }

  /** How many lines of the terminal the text takes now: it wraps if the window has become narrower. */
  private rowsDrawn(): number {
    const columns = this.terminal.columns || 80
    return this.drawn.reduce(
      (sum, line) => sum + Math.max(1, Math.ceil(widthOf(line) / columns)),
      0,
    )
  }

  /** A line with colours is never too long: whoever paints it knows the width. */
  private cutLine(line: string): string {
    return widthOf(line) <= this.width ? line : cut(stripVTControlCharacters(line), this.width)
  }
}

const widthOf = (line: string) => textWidth(stripVTControlCharacters(line))
