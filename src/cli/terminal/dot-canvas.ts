interface Dot {
  x: number
  y: number
}

interface Pen {
  paint: (text: string) => string
  /** Of a canvas without braille. */
  symbol: string
}

/** The bit of each dot of a braille character, by row and column: U+2800 and up. */
const bits = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
] as const

interface Cell {
  dots: number
  /** Whose dot came last gives the colour of the whole character. */
  pen: Pen
}

/** Draws lines in characters: in braille, each has two by four dots; without it, each is one dot. */
export class DotCanvas {
  readonly dotsWide: number
  readonly dotsHigh: number
  private readonly cells: (Cell | null)[]

  constructor(
    private readonly width: number,
    private readonly height: number,
    private readonly isBraille: boolean,
  ) {
    this.dotsWide = isBraille ? 2 * width : width
    this.dotsHigh = isBraille ? 4 * height : height
    this.cells = new Array<Cell | null>(width * height).fill(null)
  }

  /** Bresenham's line, both ends included. */
  line(from: Dot, to: Dot, pen: Pen): void {
    const dx = Math.abs(to.x - from.x)
    const dy = -Math.abs(to.y - from.y)
    let { x, y } = from
    let error = dx + dy
    for (;;) {
      this.dot(x, y, pen)
      if (x === to.x && y === to.y) return
      const doubled = 2 * error
      if (doubled >= dy) {
        error += dy
        x += x < to.x ? 1 : -1
      }
      if (doubled <= dx) {
        error += dx
        y += y < to.y ? 1 : -1
      }
    }
  }

  rows(): string[] {
    return Array.from({ length: this.height }, (_, row) =>
      this.rowText(this.cells.slice(row * this.width, (row + 1) * this.width)).trimEnd(),
    )
  }

  /** Neighbours of one colour are painted together. */
  private rowText(cells: readonly (Cell | null)[]): string {
    let text = ''
    let run = ''
    let pen: Pen | null = null
    for (const cell of [...cells, null]) {
      if (pen !== null && cell?.pen !== pen) {
        text += pen.paint(run)
        run = ''
      }
      pen = cell?.pen ?? null
      if (cell) run += this.character(cell)
      else text += ' '
    }
    return text
  }

  private dot(x: number, y: number, pen: Pen): void {
    const [column, row] = this.isBraille ? [x >> 1, y >> 2] : [x, y]
    const bit = this.isBraille ? bits[y & 3]![x & 1]! : 1
    const index = row * this.width + column
    this.cells[index] = { dots: (this.cells[index]?.dots ?? 0) | bit, pen }
  }

  private character({ dots, pen }: Cell): string {
    return this.isBraille ? String.fromCharCode(0x2800 + dots) : pen.symbol
  }
}
