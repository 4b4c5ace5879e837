// Requests to one bucket of S3, or of a server that speaks its protocol.
import { randomUUID } from 'node:crypto'
import type { Readable } from 'node:stream'
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { statusOf } from './bucket-errors.js'
import { retryDelaysMs, withRetries } from './retries.js'

export interface BucketPlace {
  bucket: string
  /** Before all keys; empty, or with a `/` at its end. */
  prefix: string
  /** A server other than Amazon's. */
  endpoint: string | null
  region: string
}

export interface FoundObject {
  body: Buffer
  etag: string
  metadata: Readonly<Record<string, string>>
}

export interface ListedObject {
  key: string
  bytes: number
  etag: string
  modifiedAt: number
}

export interface BucketTiming {
  retryDelaysMs: readonly number[]
  /** How long a connection may be silent. */
  silenceMs: number
}

/** Servers quote it, or do not. */
export const unquoted = (etag: string | undefined) => (etag ?? '').replaceAll('"', '')

/** DeleteObjects takes so many keys. */
const maxDeleted = 1000

export class Bucket {
  readonly client: S3Client
  readonly name: string
  readonly timing: BucketTiming
  /** The header `Server` of the last answer. */
  server: string | null = null
  private readonly prefix: string
  /** How messages call it. */
  readonly label: string

  constructor(
    readonly place: BucketPlace,
    timing: Partial<BucketTiming> = {},
  ) {
    this.timing = { retryDelaysMs, silenceMs: 30_000, ...timing }
    this.name = place.bucket
    this.prefix = place.prefix
    this.label = `s3://${place.bucket}/${place.prefix}`.replace(/\/$/, '')
    const { endpoint, region } = place
    const { silenceMs } = this.timing
    this.client = new S3Client({
      region,
      // other servers have no name for each bucket
      ...(endpoint !== null && { endpoint, forcePathStyle: true }),
      followRegionRedirects: true,
      // `withRetries` tries again, since it knows what an uncertain write means
      maxAttempts: 1,
      requestHandler: {
        connectionTimeout: 10_000,
        requestTimeout: silenceMs,
        socketTimeout: silenceMs,
        throwOnRequestTimeout: true,
      },
    })
    this.client.middlewareStack.add(
      next => async args => {
        const result = await next(args)
        const { headers } = result.response as { headers?: Record<string, string> }
        this.server = headers?.server ?? this.server
        return result
      },
      { step: 'deserialize', priority: 'low', name: 'server' },
    )
  }

  objectKey(key: string): string {
    return this.prefix + key
  }

  retry<T>(key: string, request: () => Promise<T>, madeProgress?: () => boolean): Promise<T> {
    return withRetries(`${this.label}/${key}`, this.timing.retryDelaysMs, request, madeProgress)
  }

  /** Reads an object whole; `unchanged` if it has this ETag, null if there is none. */
  async get(key: string): Promise<FoundObject | null>
  async get(key: string, etag: string | undefined): Promise<FoundObject | 'unchanged' | null>
  async get(key: string, etag?: string): Promise<FoundObject | 'unchanged' | null> {
    return this.retry(key, async () => {
      try {
        const answer = await this.client.send(
          new GetObjectCommand({
            ...this.named(key),
            ...(etag !== undefined && { IfNoneMatch: `"${etag}"` }),
          }),
        )
        const body = Buffer.from(await answer.Body!.transformToByteArray())
        assertComplete(body.length, answer.ContentLength)
        return { body, etag: unquoted(answer.ETag), metadata: answer.Metadata ?? {} }
      } catch (error) {
        if (statusOf(error) === 304) return 'unchanged'
        if (statusOf(error) === 404 && !isNoBucket(error)) return null
        throw error
      }
    })
  }

  /** A part of an object; null if there is none. */
  async getRange(key: string, offset: number, length: number): Promise<Buffer | null> {
    return this.retry(key, async () => {
      try {
        const Range = `bytes=${offset}-${offset + length - 1}`
        const answer = await this.client.send(new GetObjectCommand({ ...this.named(key), Range }))
        const body = Buffer.from(await answer.Body!.transformToByteArray())
        assertComplete(body.length, length)
        return body
      } catch (error) {
        if (statusOf(error) === 404 && !isNoBucket(error)) return null
        throw error
      }
    })
  }

  /** Opens an object from an offset on, once: the caller tries again. */
  async open(key: string, offset: number): Promise<Readable> {
    const range = offset > 0 ? { Range: `bytes=${offset}-` } : {}
    const answer = await this.client.send(new GetObjectCommand({ ...this.named(key), ...range }))
    return answer.Body as Readable
  }

  /** Returns the ETag. */
  async put(key: string, body: Uint8Array | string): Promise<string> {
    return this.retry(key, async () => {
      const answer = await this.client.send(
        new PutObjectCommand({ ...this.named(key), Body: body, ...sizeOf(body) }),
      )
      return unquoted(answer.ETag)
    })
  }

  /**
   * Puts an object if there is none of this key, and returns whether it did. Of all who do, one gets true. A put whose
   * answer was lost may have arrived: each writes a mark of its own, by which it knows its object again.
   */
  async create(key: string, body: Uint8Array | string): Promise<boolean> {
    const writer = randomUUID()
    let mayHaveArrived = false
    return this.retry(key, async () => {
      try {
        await this.client.send(
          new PutObjectCommand({
            ...this.named(key),
            Body: body,
            ...sizeOf(body),
            IfNoneMatch: '*',
            Metadata: { writer },
          }),
        )
        return true
      } catch (error) {
        if (statusOf(error) === 412) return mayHaveArrived && (await this.writerOf(key)) === writer
        mayHaveArrived = true
        throw error
      }
    })
  }

  private writerOf(key: string): Promise<string | undefined> {
    return this.retry(key, async () => {
      const found = await this.client
        .send(new HeadObjectCommand(this.named(key)))
        .catch((error: unknown) => {
          if (statusOf(error) === 404) return null
          throw error
        })
      return found?.Metadata?.writer
    })
  }

  /** Copies within the store; returns the ETag. */
  async copy(from: string, to: string): Promise<string> {
    return this.retry(to, async () => {
      const path = `${this.name}/${this.objectKey(from)}`
      const CopySource = path.split('/').map(encodeURIComponent).join('/')
      const answer = await this.client.send(
        new CopyObjectCommand({ ...this.named(to), CopySource }),
      )
      return unquoted(answer.CopyObjectResult?.ETag)
    })
  }

  /** All objects whose keys begin with a prefix. */
  async *list(prefix: string): AsyncGenerator<ListedObject> {
    for await (const page of this.pages(prefix)) {
      for (const { Key, Size = 0, ETag, LastModified } of page.Contents ?? []) {
        // some servers have objects for folders
        if (Key === undefined || Key.endsWith('/')) continue
        const key = Key.slice(this.prefix.length)
        yield { key, bytes: Size, etag: unquoted(ETag), modifiedAt: LastModified?.getTime() ?? 0 }
      }
    }
  }

  /** The names directly below a prefix, which ends with `/` or is empty. */
  async names(prefix: string): Promise<Set<string>> {
    const names = new Set<string>()
    for await (const page of this.pages(prefix, '/')) {
      const keys = [
        ...(page.Contents ?? []).map(({ Key }) => Key),
        ...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix),
      ]
      const start = this.prefix.length + prefix.length
      for (const key of keys) if (key) names.add(key.slice(start).replace(/\/$/, ''))
    }
    return names
  }

  private async *pages(prefix: string, delimiter?: string) {
    let token: string | undefined
    do {
      const page = await this.retry(prefix, () =>
        this.client.send(
          new ListObjectsV2Command({
            Bucket: this.name,
            Prefix: this.objectKey(prefix),
            ...(delimiter !== undefined && { Delimiter: delimiter }),
            ...(token !== undefined && { ContinuationToken: token }),
          }),
        ),
      )
      yield page
      token = page.IsTruncated ? page.NextContinuationToken : undefined
    } while (token !== undefined)
  }

  /** Removes objects; those that are not there count as removed. */
  async delete(keys: readonly string[]): Promise<void> {
    if (keys.length === 1) {
      const [key] = keys
      await this.retry(key!, () => this.client.send(new DeleteObjectCommand(this.named(key!))))
      return
    }
    for (let at = 0; at < keys.length; at += maxDeleted) {
      const part = keys.slice(at, at + maxDeleted)
      await this.retry(part[0]!, async () => {
        const Objects = part.map(key => ({ Key: this.objectKey(key) }))
        const answer = await this.client.send(
          new DeleteObjectsCommand({ Bucket: this.name, Delete: { Objects, Quiet: true } }),
        )
        const failed = answer.Errors?.find(({ Code }) => Code !== 'NoSuchKey')
        if (failed) throw Object.assign(new Error(failed.Message), { code: failed.Code })
      })
    }
  }

  /** SeaweedFS goes on to list the folders of objects that are gone, until it looks for empty ones. This ends them; one with objects stays. */
  async deleteEmptyFolders(folders: readonly string[]): Promise<void> {
    if (!this.server?.includes('SeaweedFS')) return
    // what lies in others first
    for (const folder of folders.toSorted((a, b) => b.length - a.length)) {
      await this.retry(folder, () =>
        this.client.send(new DeleteObjectCommand(this.named(`${folder}/`))),
      )
    }
  }

  close(): void {
    this.client.destroy()
  }

  named(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.name, Key: this.objectKey(key) }
  }
}

const sizeOf = (body: Uint8Array | string) => ({ ContentLength: Buffer.byteLength(body) })

const isNoBucket = (error: unknown) => (error as Error).name === 'NoSuchBucket'

/** A connection that closes early looks like the end of a body without a length. */
function assertComplete(bytes: number, expected: number | undefined): void {
  if (expected === undefined || bytes === expected) return
  throw Object.assign(new Error(`the body has ${bytes} bytes instead of ${expected}`), {
    code: 'CutBody',
  })
}
