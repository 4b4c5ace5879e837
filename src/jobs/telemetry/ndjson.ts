import type { Store } from '../../store/store.js'

// Logs of JSON lines: read in pieces, found by bisection. Whoever reads holds no more than a piece.

const chunkBytes = 64 * 1024
const probeBytes = 16 * 1024
const newline = 10

/**
 * Whole lines from an offset on, which is where a line starts; none only at the log's end. A last line
 * without its end is still being written, or was torn by a crash.
 */
export async function readChunk(
  store: Store,
  key: string,
  offset: number,
  bytes = chunkBytes,
): Promise<Buffer> {
  for (let length = bytes; ; length *= 4) {
    const chunk = await store.readFrom(key, offset, length)
    const completeLines = chunk.subarray(0, chunk.lastIndexOf(newline) + 1)
    if (completeLines.length > 0 || chunk.length < length) return completeLines
  }
}

/** One call of the parser for all lines: a newline is nowhere else in JSON of this form. */
export function parseLines<T>(lines: Buffer): T[] {
  if (lines.length === 0) return []
  return JSON.parse(`[${lines.toString('utf8', 0, lines.length - 1).replaceAll('\n', ',')}]`)
}

/**
 * Where to start reading for all lines that are not `before`: less than a piece of others comes first.
 * Lines that are `before` come before those that are not.
 */
export async function seekLine<T>(
  store: Store,
  key: string,
  before: (line: T) => boolean,
): Promise<number> {
  let low = 0
  let high = await store.size(key)
  while (high - low > chunkBytes) {
    const middle = Math.floor((low + high) / 2)
    const bytes = await store.readFrom(key, middle, probeBytes)
    const start = bytes.indexOf(newline) + 1
    const end = bytes.indexOf(newline, start)
    const foundLine = start > 0 && end > 0
    if (foundLine && before(JSON.parse(bytes.toString('utf8', start, end)))) low = middle + start
    else high = middle
  }
  return low
}
