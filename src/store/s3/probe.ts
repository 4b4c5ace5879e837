import { randomUUID } from 'node:crypto'
import { TrainyardError } from '../../errors.js'
import type { Bucket } from './bucket.js'
import { nameOf, statusOf, toBucketError } from './bucket-errors.js'

/** Of the keys that are put, which a process leaves that dies then. */
export const probesFolder = '.probe/'

/** What a store must do; docs/bucket.md lists those that do. */
const needed =
  'it must answer 412 to a PutObject with `If-None-Match: *` for a key that exists, as Amazon S3, Cloudflare R2, Ceph and SeaweedFS do'

/**
 * Puts a new key twice with the condition that it does not exist. A store that ignores the condition would lose jobs
 * and claims without a word, so this throws STORE_UNSUITABLE unless the first put succeeds and the second gets 412.
 */
export async function probe(bucket: Bucket): Promise<void> {
  const key = `${probesFolder}${randomUUID()}`
  const refuse = (fault: string, cause?: unknown): never => {
    const { endpoint } = bucket.place
    const where = `${bucket.label} (${endpoint ?? 'Amazon S3'}, Server: ${bucket.server ?? 'unknown'})`
    const message = `the store ${where} ${fault}: ${needed}`
    throw new TrainyardError('STORE_UNSUITABLE', message, { cause })
  }
  const put = () =>
    bucket.create(key, 'probe').catch((error: unknown) => {
      const cause = error instanceof TrainyardError ? error.cause : error
      const status = statusOf(cause)
      // such as 501 from a store that does not know the condition
      if (status === 400 || status === 501)
        refuse(`refuses conditional writes (${nameOf(cause)}, status ${status})`, cause)
      throw toBucketError(error, bucket.label)
    })
  try {
    if (!(await put())) refuse('answers 412 to a conditional write of a new key')
    if (await put()) refuse('ignores conditional writes, so that two workers could own one job')
  } finally {
    await bucket.delete([key]).catch(() => {})
  }
}
