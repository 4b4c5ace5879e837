import { DamagedError } from '../../errors.js'
import { ValueCache } from '../file-cache.js'
import type { Bucket, FoundObject } from './bucket.js'

/** No record is larger. A larger one would hold the event loop while it is parsed. */
const maxRecordBytes = 64 * 2 ** 20

/** Small objects that are read whole. */
export class BucketRecords {
  private readonly cache = new ValueCache()

  constructor(private readonly bucket: Bucket) {}

  async read<T>(key: string, parse: (text: string) => T): Promise<T | null> {
    const found = await this.bucket.get(key)
    return found === null ? null : parse(textOf(found, key))
  }

  /** As up to date as `read`: the store says whether the object is still the same. Callers share the value. */
  async readCached<T>(key: string, parse: (text: string) => T): Promise<T | null> {
    const cached = this.cache.get(key)
    const found = await this.bucket.get(key, cached?.stamp)
    if (found === 'unchanged') return cached!.value as T
    if (found === null) {
      this.cache.forget(key)
      return null
    }
    const value = parse(textOf(found, key))
    this.cache.set(key, { stamp: found.etag, bytes: found.body.length, value })
    return value
  }
}

function textOf({ body }: FoundObject, key: string): string {
  if (body.length > maxRecordBytes)
    throw new DamagedError(key, `has ${body.length} bytes, more than any record`)
  return body.toString('utf8')
}
