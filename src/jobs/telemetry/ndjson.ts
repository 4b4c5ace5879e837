import type { Store } from '../../store/store.js'

// Reads NDJSON logs (newline-delimited JSON) in chunks, and finds lines by binary search.

const chunkBytes = 64 * 1024
const probeBytes = 16 * 1024
const newline = 10

/**
 * Returns complete lines from `offset`, the start of a line, on. Returns none only at the end of
 * the log. Leaves out a last line without a newline: it is still being written, or a crash
 * interrupted it.
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

/** Returns the complete lines in the last `bytes` of a log. */
export async function readLastLines(store: Store, key: string, bytes: number): Promise<string[]> {
  const start = Math.max(0, (await store.size(key)) - bytes)
  const chunk = await store.readFrom(key, start, bytes)
  const firstLine = start === 0 ? 0 : chunk.indexOf(newline) + 1
  return chunk
    .toString('utf8', firstLine, chunk.lastIndexOf(newline) + 1)
    .split('\n')
    .slice(0, -1)
}

/** Parses all lines with one call of `JSON.parse`. The JSON has no other newlines. */
export function parseLines<T>(lines: Buffer): T[] {
  if (lines.length === 0) return []
  return JSON.parse(`[${lines.toString('utf8', 0, lines.length - 1).replaceAll('\n', ',')}]`)
}

/**
 * Binary search in a log whose lines are sorted so that those with `before(line)` come first.
 * Returns the start of a line, at most a chunk ahead of the first line without.
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
