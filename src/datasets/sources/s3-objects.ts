// Objects of S3 and of servers that speak its protocol. Loaded with the first use, since the SDK is large.
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3'
import { quoteTruncated } from '../../errors.js'
import { sourceChanged } from '../errors.js'
import { sourceFailed } from './errors.js'

export interface S3Settings {
  /** A server other than Amazon's: AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL. */
  endpoint: string | null
  region: string
}

export interface S3Object {
  key: string
  bytes: number
  /** Quoted, as the server says it. */
  etag: string
}

const retryDelaysMs = [500, 2000, 5000, 15_000]

/** Objects of one bucket, with the server's own credentials: those that the AWS SDK finds. */
export class S3Bucket {
  private readonly client: S3Client

  constructor(
    private readonly bucket: string,
    { endpoint, region }: S3Settings,
    private readonly signal: AbortSignal,
  ) {
    // other servers have no name for each bucket
    const place = endpoint === null ? {} : { endpoint, forcePathStyle: true }
    const requestHandler = { connectionTimeout: 10_000, socketTimeout: 60_000 }
    this.client = new S3Client({ ...place, region, followRegionRedirects: true, requestHandler })
  }

  /** The object of a key; null if there is none. */
  async find(key: string): Promise<S3Object | null> {
    try {
      const found = await this.client.send(
        new HeadObjectCommand({ Bucket: this.bucket, Key: key }),
        { abortSignal: this.signal },
      )
      return { key, bytes: found.ContentLength ?? 0, etag: found.ETag ?? '' }
    } catch (error) {
      if (error instanceof S3ServiceException && error.$metadata.httpStatusCode === 404) return null
      throw this.failed(error)
    }
  }

  /** The objects whose keys begin with a prefix, in the order of their keys; folders' empty markers are left out. */
  async *list(prefix: string): AsyncGenerator<S3Object> {
    let token: string | undefined
    do {
      const page = await this.client
        .send(
          new ListObjectsV2Command({
            Bucket: this.bucket,
            Prefix: prefix,
            ...(token !== undefined && { ContinuationToken: token }),
          }),
          { abortSignal: this.signal },
        )
        .catch(error => {
          throw this.failed(error)
        })
      for (const { Key, Size = 0, ETag = '' } of page.Contents ?? []) {
        if (Key !== undefined && !Key.endsWith('/')) yield { key: Key, bytes: Size, etag: ETag }
      }
      token = page.NextContinuationToken
    } while (token !== undefined)
  }

  /** Yields the bytes of an object. If the connection breaks, it goes on where it broke. */
  async *read({ key, bytes, etag }: S3Object): AsyncGenerator<Uint8Array> {
    let received = 0
    let failures = 0
    while (received < bytes) {
      const from = received
      try {
        for await (const chunk of await this.open(key, etag, from)) {
          received += (chunk as Buffer).length
          yield chunk as Buffer
        }
        if (received > bytes) throw sourceChanged(key)
        if (received < bytes) throw new Error('the object ended early')
      } catch (error) {
        if (this.signal.aborted) throw this.signal.reason
        failures = received > from ? 1 : failures + 1
        if (isFinal(error) || failures > retryDelaysMs.length) throw this.failed(error, key)
        await sleep(retryDelaysMs[failures - 1])
      }
    }
  }

  close(): void {
    this.client.destroy()
  }

  private async open(key: string, etag: string, from: number): Promise<Readable> {
    const { Body } = await this.client.send(
      new GetObjectCommand({
        Bucket: this.bucket,
        Key: key,
        ...(etag !== '' && { IfMatch: etag }),
        ...(from > 0 && { Range: `bytes=${from}-` }),
      }),
      { abortSignal: this.signal },
    )
    return Body as Readable
  }

  private failed(error: unknown, key?: string): unknown {
    if (this.signal.aborted) return this.signal.reason
    if (!(error instanceof Error) || error.name === 'TrainyardError') return error
    if (isPrecondition(error)) return sourceChanged(key ?? this.bucket)
    const place = `s3://${this.bucket}${key === undefined ? '' : `/${key}`}`
    const why = error instanceof S3ServiceException ? error.name : (codeOf(error) ?? error.name)
    return sourceFailed(`${quoteTruncated(place, 200)} cannot be read (${why})`, error)
  }
}

const isPrecondition = (error: unknown) =>
  error instanceof S3ServiceException && error.$metadata.httpStatusCode === 412

/** A new try would end alike. */
const isFinal = (error: unknown) =>
  (error as Error).name === 'TrainyardError' ||
  (error instanceof S3ServiceException && (error.$metadata.httpStatusCode ?? 500) < 500)

const codeOf = (error: Error) => ('code' in error ? String(error.code) : undefined)
