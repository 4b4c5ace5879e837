import {
  type ByteSource,
  type CsvPosition,
  type CsvReader,
  type CsvRow,
  isValidText,
} from '../csv.js'
import type { CellBlock } from './cell-block.js'
import type { CsvKernel } from './csv-kernel.js'

/** How many rows are read one by one at most, before the kernel is tried again. */
const maxSingleRows = 4096
/** For rows that are read one by one. */
const smallWindowBytes = 65_536

/**
 * Reads the rows from `reader.position` on: in blocks, or one by one where the kernel cannot read them, or says that
 * something is wrong with them.
 */
export function readBlocks(
  kernel: CsvKernel,
  reader: CsvReader,
  file: ByteSource,
  delimiter: number,
  onBlock: (block: CellBlock) => void,
  onRow: (row: CsvRow) => void,
): void {
  let singleRows = 1
  for (;;) {
    const { rows, position } = readUntilStrange(kernel, file, delimiter, reader.position, onBlock)
    reader.position = position
    if (position.offset >= file.size) return
    singleRows = rows < singleRows ? Math.min(2 * singleRows, maxSingleRows) : 1
    let left = singleRows
    reader.forEachRow(row => {
      onRow(row)
      return --left > 0
    }, smallWindowBytes)
  }
}

/** Returns the number of rows, and where the first row begins that the kernel cannot read. */
function readUntilStrange(
  kernel: CsvKernel,
  file: ByteSource,
  delimiter: number,
  { offset, line }: CsvPosition,
  onBlock: (block: CellBlock) => void,
): { rows: number; position: CsvPosition } {
  const { windowStart, windowBytes, blockRows } = kernel
  let rows = 0
  while (offset < file.size) {
    const bytes = file.read(offset, windowBytes)
    const isLast = offset + bytes.length >= file.size
    if (!isValidText(bytes, isLast)) break
    kernel.bytes.set(bytes, windowStart)
    const end = windowStart + bytes.length
    let at = windowStart
    let isStrange = false
    for (let isFull = true; isFull && !isStrange; ) {
      const found = kernel.tokenise(at, end, isLast, delimiter, line)
      if (found.rows > 0) {
        onBlock({ file: file.name, rows: found.rows, lines: kernel.linesOf(found.rows) })
      }
      rows += found.rows
      at = found.next
      line = found.line
      isStrange = found.isStrange
      isFull = found.rows === blockRows
    }
    offset += at - windowStart
    if (isStrange || at === windowStart) break
  }
  return { rows, position: { offset, line } }
}
