// What is wrong with a bucket, as STORAGE_FULL or STORAGE_FAILED with its cause in one line.
import { TrainyardError } from '../../errors.js'
import { recordDiskFailure } from '../storage-errors.js'

/** The HTTP status of an answer of the store; undefined if there was none, such as after a broken connection. */
export const statusOf = (error: unknown): number | undefined =>
  (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode

/** The name of an error: S3's code, such as SlowDown, or the system's, such as ECONNREFUSED. */
export function nameOf(error: unknown): string {
  const { code, name } = error as { code?: unknown; name?: unknown }
  const isNamed = statusOf(error) !== undefined && typeof name === 'string'
  return isNamed ? name : String(code ?? name ?? error)
}

const fullNames = new Set(['InsufficientStorage', 'QuotaExceeded', 'XMinioStorageFull'])
/** Statuses below 500 that a later try may not get: a time-out, a conflict with another write, too many requests. */
const passing = new Set([408, 409, 425, 429])
/** A clock that is wrong, and the same time-out with another status. */
const passingNames = new Set(['RequestTimeout', 'RequestTimeTooSkewed', 'IncompleteBody'])

/** Whether a later try may succeed. */
export function isPassing(error: unknown): boolean {
  if (error instanceof TrainyardError) return false
  const status = statusOf(error)
  if (status === undefined) return !isLocal(error)
  return (
    (status >= 500 && !fullNames.has(nameOf(error))) ||
    passing.has(status) ||
    passingNames.has(nameOf(error)) ||
    // a body that was cut, or no XML
    status < 300
  )
}

/** Errors of the local disk and of missing credentials: no request was answered, and none will be. */
function isLocal(error: unknown): boolean {
  const { code, name, syscall } = error as { code?: string; name?: string; syscall?: string }
  return (
    name === 'CredentialsProviderError' ||
    error instanceof TypeError ||
    (code !== undefined && /^E(NOENT|ACCES|PERM|NOSPC|DQUOT|IO|ROFS|MFILE|NFILE)$/.test(code)) ||
    (syscall !== undefined &&
      ['open', 'read', 'write', 'stat'].includes(syscall) &&
      code !== 'ECONNRESET')
  )
}

const cures: Readonly<Record<string, string>> = {
  AccessDenied: 'give its credentials the rights to read, write, list and delete there',
  Forbidden: 'give its credentials the rights to read, write, list and delete there',
  CredentialsProviderError:
    'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give this machine a role',
  InvalidAccessKeyId: 'check AWS_ACCESS_KEY_ID',
  SignatureDoesNotMatch: 'check AWS_SECRET_ACCESS_KEY',
  NoSuchBucket: 'create the bucket, or check TRAINYARD_STORE',
  PermanentRedirect: 'set AWS_REGION to the region of the bucket',
}

/** Turns what a request ended with into an error of the store; other errors stay as they are. */
export function toBucketError(error: unknown, place: string): unknown {
  if (error instanceof TrainyardError) return error
  if (isLocal(error) && (error as Error).name !== 'CredentialsProviderError') return error
  recordDiskFailure()
  const name = nameOf(error)
  const status = statusOf(error)
  const cause = status === undefined || name === String(status) ? name : `${name}, status ${status}`
  if (fullNames.has(name)) {
    const message = `storage is full (${cause}): free some space in the bucket of ${place}`
    return new TrainyardError('STORAGE_FULL', message, { cause: error })
  }
  const cure = cures[name] ?? 'check that the store answers at AWS_ENDPOINT_URL_S3'
  const message = `storage failed (${cause}) at ${place}: ${cure}`
  return new TrainyardError('STORAGE_FAILED', message, { cause: error })
}
