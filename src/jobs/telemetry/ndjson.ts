import * as zlib from 'node:zlib'
import type { Store } from '../../store/store.js'

// Reads NDJSON logs (newline-delimited JSON) in chunks, and finds lines by binary search. Damaged lines are passed
// over and counted: a crash may leave zeros, and a disk may lose a block.

const chunkBytes = 64 * 1024
const probeBytes = 16 * 1024
/** No line is longer; a run of bytes without a newline that is longer is damage. */
const maxLineBytes = 4 * 2 ** 20
/** After a longer run of damage, the rest of the file is not searched for lines. */
const maxDamagedBytes = 64 * 2 ** 20
const newline = 10

/** A part of a log. */
export interface LogChunk {
  /** Complete lines, or none if the part is damaged. */
  lines: Buffer
  /** Length of the part; 0 at the end of the log. */
  bytes: number
  /** Number of damaged lines that are not in `lines`. */
  damaged: number
}

/**
 * Returns complete lines from `offset`, the start of a line, on. Leaves out a last line without a newline: it
 * is still being written, or a crash interrupted it.
 */
export async function readChunk(
  store: Store,
  key: string,
  offset: number,
  bytes = chunkBytes,
): Promise<LogChunk> {
  for (let length = bytes; length <= 4 * maxLineBytes; length *= 4) {
    const chunk = await store.readFrom(key, offset, length)
    const lines = completeLines(chunk)
    if (lines.length > 0 || chunk.length < length) return { lines, bytes: lines.length, damaged: 0 }
  }
  const skipped = await damagedRun(store, key, offset)
  return { lines: Buffer.alloc(0), bytes: skipped, damaged: 1 }
}

/** Without what follows the last newline. */
export const completeLines = (bytes: Buffer): Buffer =>
  bytes.subarray(0, bytes.lastIndexOf(newline) + 1)

/** The length of a run of bytes up to the next newline, or to the end of the log if it is too long. */
async function damagedRun(store: Store, key: string, offset: number): Promise<number> {
  for (let at = 0; at < maxDamagedBytes; at += maxLineBytes) {
    const part = await store.readFrom(key, offset + at, maxLineBytes)
    const end = part.indexOf(newline)
    if (end >= 0) return at + end + 1
    if (part.length === 0) return at
  }
  return (await store.size(key)) - offset
}

// zlib.crc32 exists since Node 20.15; lines that an older one writes have no checksum
const crc32 = (zlib as { crc32?: (data: Uint8Array | string) => number }).crc32
const checksumStart = Buffer.from(',"crc":"')
const checksumAtEnd = /,"crc":"[0-9a-f]{8}"\}\n/g
/** Length of `,"crc":"01234567"}`. */
const checksumBytes = checksumStart.length + 10

/** An object as a line, with a last field `crc`: the CRC-32, in hex, of the bytes before the field. */
export function checkedLine(value: object): string {
  const text = JSON.stringify(value)
  if (!crc32) return `${text}\n`
  const content = text.slice(0, -1)
  return `${content},"crc":"${hex(crc32(content))}"}\n`
}

const hex = (value: number) => value.toString(16).padStart(8, '0')

/** Lines without a checksum, which older versions wrote, count as intact. */
function isIntact(line: Buffer): boolean {
  const start = line.length - checksumBytes
  if (!crc32 || start < 1 || !line.subarray(start, start + 8).equals(checksumStart)) return true
  return readHex(line, start + 8) === crc32(line.subarray(0, start))
}

/** The number in eight lower-case hex digits at an offset, or -1. Faster than texts, and charts read many lines. */
function readHex(line: Buffer, offset: number): number {
  let value = 0
  for (let i = offset; i < offset + 8; i++) {
    const code = line[i]!
    const isDigit = code >= 0x30 && code <= 0x39
    if (!isDigit && (code < 0x61 || code > 0x66)) return -1
    value = value * 16 + code - (isDigit ? 0x30 : 0x61 - 10)
  }
  return value
}

/** Returns the complete lines in the last `bytes` of a log. */
export async function readLastLines(store: Store, key: string, bytes: number): Promise<Buffer> {
  const start = Math.max(0, (await store.size(key)) - bytes)
  const chunk = await store.readFrom(key, start, bytes)
  const firstLine = start === 0 ? 0 : chunk.indexOf(newline) + 1
  return chunk.subarray(firstLine, Math.max(firstLine, chunk.lastIndexOf(newline) + 1))
}

/**
 * Parses complete lines. Passes over those that do not match their checksum, are no JSON, or are no `T`, and
 * counts them.
 */
export function parseLines<T>(
  lines: Buffer,
  isValid: (value: unknown) => value is T,
): { values: T[]; damaged: number } {
  const split = splitLines(lines)
  if (split.every(isIntact)) {
    const values = parseAtOnce(lines)
    if (values?.length === split.length && values.every(isValid)) return { values, damaged: 0 }
  }
  const values = split.map(line => parseLine(line, isValid)).filter(value => value !== null)
  return { values, damaged: split.length - values.length }
}

/** One call of `JSON.parse` is much faster than one for each line. The JSON has no other newlines. */
function parseAtOnce(lines: Buffer): unknown[] | null {
  if (lines.length === 0) return []
  try {
    const text = lines.toString('utf8').replaceAll(checksumAtEnd, '}\n')
    return JSON.parse(`[${text.slice(0, -1).replaceAll('\n', ',')}]`)
  } catch {
    return null
  }
}

export function parseLine<T>(line: Buffer, isValid: (value: unknown) => value is T): T | null {
  if (!isIntact(line)) return null
  try {
    const value: unknown = JSON.parse(`${line.toString('utf8')}\n`.replace(checksumAtEnd, '}'))
    return isValid(value) ? value : null
  } catch {
    return null
  }
}

function splitLines(lines: Buffer): Buffer[] {
  const split: Buffer[] = []
  for (let at = 0; at < lines.length; ) {
    const found = lines.indexOf(newline, at)
    // the start of a line whose rest a caller has cut off is damaged: it has no checksum
    const end = found < 0 ? lines.length : found
    split.push(lines.subarray(at, end))
    at = end + 1
  }
  return split
}

/**
 * Binary search in a log whose lines are sorted so that those with `before(line)` come first.
 * Returns the start of a line, at most a chunk ahead of the first line without. Damaged lines do not count.
 */
export async function seekLine<T>(
  store: Store,
  key: string,
  isValid: (value: unknown) => value is T,
  before: (line: T) => boolean,
): Promise<number> {
  let low = 0
  let high = await store.size(key)
  while (high - low > chunkBytes) {
    const middle = Math.floor((low + high) / 2)
    const found = await nextLine(store, key, { from: middle, to: high, isValid })
    if (found && before(found.value)) low = found.start
    else high = middle
  }
  return low
}

/** The first intact line that starts between two offsets. Searches at most `maxDamagedBytes`. */
async function nextLine<T>(
  store: Store,
  key: string,
  { from, to, isValid }: { from: number; to: number; isValid: (value: unknown) => value is T },
): Promise<{ start: number; value: T } | null> {
  // the line that `from` lies in has begun before
  let start: number | null = null
  const limit = Math.min(to, from + maxDamagedBytes)
  for (let at = from; at < limit; ) {
    const bytes = await store.readFrom(key, at, probeBytes)
    if (bytes.length === 0) return null
    let next = 0
    for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, next)) {
      const line = bytes.subarray(next, end)
      const value = start === at + next ? parseLine(line, isValid) : null
      if (value !== null) return { start: start!, value }
      next = end + 1
      start = at + next
    }
    // a line that does not fit is read again from its start
    at += next > 0 ? next : bytes.length
  }
  return null
}
