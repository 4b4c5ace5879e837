import { TrainyardError } from '../errors.js'

const full = new Set(['ENOSPC', 'EDQUOT'])
const failing = new Set([
  'EIO',
  'EROFS',
  'EACCES',
  'EPERM',
  'EMFILE',
  'ENFILE',
  'ENODEV',
  'ENXIO',
  'ESTALE',
  'ETIMEDOUT',
])

export const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error ? String(error.code) : undefined

/** An error of the operating system in the caller's words; every other error as it is. */
export function storageTrouble(error: unknown): unknown {
  const code = codeOf(error)
  if (error instanceof TrainyardError || code === undefined) return error
  if (full.has(code)) {
    return new TrainyardError('STORAGE_FULL', 'unavailable', `storage is full (${code})`, {
      cause: error,
    })
  }
  if (!failing.has(code)) return error
  return new TrainyardError('STORAGE_FAILED', 'unavailable', `storage failed (${code})`, {
    cause: error,
  })
}

export async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw storageTrouble(error)
  }
}

/** The value in place of an error with one of these codes. */
export const unless =
  <T>(value: T, ...codes: string[]) =>
  (error: unknown): T => {
    if (codes.includes(codeOf(error) ?? '')) return value
    throw error
  }
