// Reads the small files of the data folder, of which none is trusted: a record may be cut, altered, of another
// shape, or no file at all.
import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { DamagedError } from '../errors.js'
import type { Shape } from './shape.js'
import { errorCode } from './storage-errors.js'

/** No record is larger. A larger file would hold the event loop while it is parsed. */
const maxRecordBytes = 64 * 2 ** 20

/** What is wrong with a file that cannot be read, by the code of the system's error. */
const unreadable: Readonly<Record<string, string>> = {
  EISDIR: 'is a folder, expected a file',
  ENOTDIR: 'lies below a file, expected a folder',
  ELOOP: 'is a loop of symbolic links',
  EACCES: 'may not be read by the user of this server (EACCES)',
  EPERM: 'may not be read by the user of this server (EPERM)',
  EIO: 'cannot be read from the disk (EIO)',
  ENXIO: 'is not a regular file',
}

/** For `catch` of a read: throws a DamagedError if the file is to blame, and the same error otherwise. */
export function rethrowDamage(key: string, error: unknown): never {
  const reason = unreadable[errorCode(error) ?? '']
  throw reason === undefined ? error : new DamagedError(key, reason, error)
}

/**
 * Opens a regular file for reading. Without O_NONBLOCK, a pipe in its place would block a thread for ever.
 * Throws the system's error if there is none.
 */
export async function openRegularFile(path: string, key: string): Promise<FileHandle> {
  return (await openSized(path, key)).handle
}

async function openSized(path: string, key: string): Promise<{ handle: FileHandle; size: number }> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const stats = await handle.stat()
    if (stats.isFile()) return { handle, size: stats.size }
    throw new DamagedError(key, stats.isDirectory() ? unreadable.EISDIR! : 'is not a regular file')
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** Reads a whole record. Returns null if there is no such file. */
export async function readRecordText(path: string, key: string): Promise<string | null> {
  try {
    const { handle, size } = await openSized(path, key)
    try {
      if (size > maxRecordBytes)
        throw new DamagedError(key, `has ${size} bytes, more than any record`)
      return await readStart(handle, size)
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null
    return rethrowDamage(key, error)
  }
}

/** A record is replaced as a whole and never grows. `readFile` would ask for its size again, and read on to its end. */
async function readStart(handle: FileHandle, size: number): Promise<string> {
  const bytes = Buffer.allocUnsafe(size)
  let filled = 0
  while (filled < size) {
    const { bytesRead } = await handle.read(bytes, filled, size - filled, filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return bytes.toString('utf8', 0, filled)
}

/**
 * JSON with a last field `checksum`: the SHA-256, in hex, of the other fields as one line of JSON. Values that
 * are no objects have none.
 */
export function serializeRecord(value: unknown, hasChecksum = true): string {
  const isObject =
    hasChecksum && typeof value === 'object' && value !== null && !Array.isArray(value)
  const record = isObject ? { ...value, checksum: checksumOf(value) } : value
  return `${JSON.stringify(record, null, 2)}\n`
}

interface RecordOptions<T> {
  shape?: Shape<T> | undefined
  /** False by default: records of older versions have no checksum. */
  hasChecksum?: boolean
}

/**
 * Parses what `serializeRecord` wrote, and returns it without its checksum. Throws a DamagedError if the text is
 * damaged or its value has another shape.
 */
export function parseRecord<T>(
  text: string,
  key: string,
  { shape, hasChecksum = false }: RecordOptions<T> = {},
): T {
  const parsed = parseJson(text, key)
  if (hasChecksum && !Object.hasOwn(Object(parsed), 'checksum'))
    throw new DamagedError(key, 'has no checksum')
  const value = withoutChecksum(parsed, key)
  const problem = shape?.problem(value) ?? null
  if (problem !== null) throw new DamagedError(key, `has unexpected content: ${problem}`)
  return value as T
}

function parseJson(text: string, key: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new DamagedError(key, text.trim() === '' ? 'is empty' : 'is not valid JSON', error)
  }
}

function withoutChecksum(parsed: unknown, key: string): unknown {
  if (typeof parsed !== 'object' || parsed === null || !('checksum' in parsed)) return parsed
  const { checksum, ...value } = parsed
  if (checksumOf(value) !== checksum) throw new DamagedError(key, 'does not match its checksum')
  return value
}

const checksumOf = (value: object) =>
  createHash('sha256').update(JSON.stringify(value)).digest('hex')
