import { TrainyardError } from '../errors.js'

const storageFullCodes = new Set(['ENOSPC', 'EDQUOT'])
const storageFailureCodes = new Set([
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

export const errorCode = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error ? String(error.code) : undefined

/** Turns a system error of the storage into STORAGE_FULL or STORAGE_FAILED, and returns other errors unchanged. */
export function toStorageError(error: unknown): unknown {
  const code = errorCode(error)
  if (error instanceof TrainyardError || code === undefined) return error
  if (storageFullCodes.has(code)) {
    return new TrainyardError('STORAGE_FULL', `storage is full (${code})`, { cause: error })
  }
  if (!storageFailureCodes.has(code)) return error
  return new TrainyardError('STORAGE_FAILED', `storage failed (${code})`, { cause: error })
}

export async function withStorageErrors<T>(operation: () => Promise<T>): Promise<T> {
  try {
    return await operation()
  } catch (error) {
    throw toStorageError(error)
  }
}

/** A handler for `catch`: returns `value` for errors with one of these codes, and rethrows others. */
export const ignoreCodes =
  <T>(value: T, ...codes: string[]) =>
  (error: unknown): T => {
    if (codes.includes(errorCode(error) ?? '')) return value
    throw error
  }
