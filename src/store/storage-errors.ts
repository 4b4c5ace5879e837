import { TrainyardError } from '../errors.js'

const storageFullCodes = new Set(['ENOSPC', 'EDQUOT'])
/** The disk as a whole fails, not one file. */
const diskFailureCodes = new Set(['EIO', 'EROFS', 'ENODEV', 'ENXIO', 'ESTALE', 'ETIMEDOUT'])
const storageFailureCodes = new Set([...diskFailureCodes, 'EACCES', 'EPERM', 'EMFILE', 'ENFILE'])

export const errorCode = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error ? String(error.code) : undefined

export const isFullCode = (code: string): boolean => storageFullCodes.has(code)

/** `performance.now()` when an operation of this process last failed because of the disk. */
let lastDiskFailureAt = Number.NEGATIVE_INFINITY

/** Returns whether the disk has failed an operation of this process since a time of `performance.now()`. */
export const failureSince = (time: number): boolean => lastDiskFailureAt > time

/** Call after the disk has failed another process, such as a trainer. */
export function recordDiskFailure(): void {
  lastDiskFailureAt = performance.now()
}

/** Turns a system error of the storage into STORAGE_FULL or STORAGE_FAILED, and returns other errors unchanged. */
export function toStorageError(error: unknown): unknown {
  const code = errorCode(error)
  if (error instanceof TrainyardError || code === undefined) return error
  if (storageFullCodes.has(code) || diskFailureCodes.has(code)) recordDiskFailure()
  if (storageFullCodes.has(code)) {
    const message = `storage is full (${code}): free some space on the disk of the data folder`
    return new TrainyardError('STORAGE_FULL', message, { cause: error })
  }
  if (!storageFailureCodes.has(code)) return error
  const message = `storage failed (${code}): check the disk and the permissions of the data folder`
  return new TrainyardError('STORAGE_FAILED', message, { cause: error })
}

export async function withStorageErrors<T>(operation: () => Promise<T>): Promise<T> {
  try {
    return await operation()
  } catch (error) {
    throw toStorageError(error)
  }
}

/** The path leads nowhere: something in it is missing, or is not a folder. */
export const isPathError = (error: unknown): boolean =>
  ['ENOENT', 'ENOTDIR', 'EEXIST', 'EISDIR', 'ELOOP'].includes(errorCode(error) ?? '')

/** A handler for `catch`: returns `value` for errors with one of these codes, and rethrows others. */
export const ignoreCodes =
  <T>(value: T, ...codes: string[]) =>
  (error: unknown): T => {
    if (codes.includes(errorCode(error) ?? '')) return value
    throw error
  }
