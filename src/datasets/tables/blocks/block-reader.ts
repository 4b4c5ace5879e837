import {
  type ByteSource,
  type CsvPosition,
  type CsvReader,
  type CsvRow,
  isValidText,
} from '../csv.js'
import type { BlockSurvey } from './block-survey.js'
import type { CsvKernel } from './csv-kernel.js'

/** How many rows are read one by one at most, before the kernel is tried again. */
const maxSingleRows = 4096
/** For rows that are read one by one. */
const smallWindowBytes = 65_536

/** What takes the rows of a file in their order, most of them in blocks. */
export interface BlockVisitor {
  kernel: CsvKernel
  survey: Pick<BlockSurvey, 'add' | 'flush'>
  row(row: CsvRow): void
}

/**
 * Reads the rows from `reader.position` on: in blocks, or one by one where the kernel cannot read them, or says that
 * something is wrong with them.
 */
export function readBlocks(
  visitor: BlockVisitor,
  reader: CsvReader,
  file: ByteSource,
  delimiter: number,
): void {
  const blocks = new BlockReader(visitor, file, delimiter)
  let singleRows = 1
  for (;;) {
    const { rows, position } = blocks.readUntilStrange(reader.position)
    visitor.survey.flush()
    reader.position = position
    if (position.offset >= file.size) return
    singleRows = rows < singleRows ? Math.min(2 * singleRows, maxSingleRows) : 1
    let left = singleRows
    reader.forEachRow(row => {
      visitor.row(row)
      return --left > 0
    }, smallWindowBytes)
  }
}

/** Takes the two windows and the two blocks of the kernel in turn. */
class BlockReader {
  private windows = 0
  private blocks = 0

  constructor(
    private readonly visitor: BlockVisitor,
    private readonly file: ByteSource,
    private readonly delimiter: number,
  ) {}

  /** Returns the number of rows, and where the first row begins that the kernel cannot read. */
  readUntilStrange({ offset, line }: CsvPosition): { rows: number; position: CsvPosition } {
    const { file } = this
    const { kernel, survey } = this.visitor
    let rows = 0
    while (offset < file.size) {
      const start = kernel.windows[this.windows % 2]!
      const length = Math.min(kernel.windowBytes, file.size - offset)
      const bytes = kernel.bytes.subarray(start, start + length)
      if (file.readInto) file.readInto(offset, bytes)
      else bytes.set(file.read(offset, length))
      const isLast = offset + length >= file.size
      if (!isValidText(bytes, isLast)) break
      this.windows++
      const read = this.readWindow(start, start + bytes.length, isLast, line)
      // the next window takes the place of the one before this
      if (read.rows === 0) survey.flush()
      rows += read.rows
      line = read.line
      offset += read.next - start
      if (read.isStrange || read.next === start) break
    }
    return { rows, position: { offset, line } }
  }

  private readWindow(start: number, end: number, isLast: boolean, firstLine: number) {
    const { file, delimiter } = this
    const { kernel, survey } = this.visitor
    let read = { rows: 0, next: start, line: firstLine, isStrange: false }
    let rows = 0
    do {
      const cells = kernel.blocks[this.blocks % 2]!
      read = kernel.tokenise(cells, read.next, end, isLast, delimiter, read.line)
      rows += read.rows
      if (read.rows === 0) break
      this.blocks++
      survey.add({ file: file.name, rows: read.rows, lines: cells.linesOf(read.rows), cells })
    } while (read.rows === kernel.blockRows && !read.isStrange)
    return { ...read, rows }
  }
}
