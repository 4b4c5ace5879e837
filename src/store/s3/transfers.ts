// Files to and from a bucket: large ones in parts, and again from where the connection broke.
import { createHash } from 'node:crypto'
import { type FileHandle, open, stat } from 'node:fs/promises'
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import pLimit from 'p-limit'
import { type Bucket, unquoted } from './bucket.js'

/** A part is in memory while it is sent. S3 takes none below 5 MiB but the last, and no more than 10,000. */
const partBytes = 8 * 2 ** 20
const maxParts = 9000
const partsAtOnce = 3

/** Uploads a file, and returns the ETag of its object. */
export async function upload(bucket: Bucket, path: string, key: string): Promise<string> {
  const { size } = await stat(path)
  const handle = await open(path, 'r')
  try {
    if (size <= partBytes) return await bucket.put(key, await readPart(handle, 0, size))
    return await uploadInParts(bucket, handle, size, key)
  } finally {
    await handle.close()
  }
}

async function uploadInParts(
  bucket: Bucket,
  handle: FileHandle,
  size: number,
  key: string,
): Promise<string> {
  const { client } = bucket
  const named = bucket.named(key)
  const { UploadId } = await bucket.retry(key, () =>
    client.send(new CreateMultipartUploadCommand(named)),
  )
  const length = Math.max(partBytes, Math.ceil(size / maxParts))
  const count = Math.ceil(size / length)
  const parts: { PartNumber: number; ETag: string | undefined }[] = []
  const sendPart = async (i: number) => {
    const body = await readPart(handle, i * length, Math.min(length, size - i * length))
    const PartNumber = i + 1
    const { ETag } = await bucket.retry(key, () =>
      client.send(
        new UploadPartCommand({
          ...named,
          UploadId,
          PartNumber,
          Body: body,
          ContentLength: body.length,
        }),
      ),
    )
    parts[i] = { PartNumber, ETag }
  }
  try {
    await pLimit(partsAtOnce).map(Array(count).keys(), sendPart)
    const answer = await bucket.retry(key, () =>
      client.send(
        new CompleteMultipartUploadCommand({
          ...named,
          UploadId,
          MultipartUpload: { Parts: parts },
        }),
      ),
    )
    return unquoted(answer.ETag)
  } catch (error) {
    // what this cannot remove, the sweep does
    await client.send(new AbortMultipartUploadCommand({ ...named, UploadId })).catch(() => {})
    throw error
  }
}

async function readPart(handle: FileHandle, offset: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length)
  const { bytesRead } = await handle.read(buffer, 0, length, offset)
  if (bytesRead !== length) throw new Error(`a file that is uploaded became shorter`)
  return buffer
}

/** Downloads an object of a known size to a new file, and returns its SHA-256 in hex. Null if there is no such object. */
export async function download(
  bucket: Bucket,
  key: string,
  path: string,
  bytes: number,
): Promise<string | null> {
  const handle = await open(path, 'wx')
  const hash = createHash('sha256')
  let received = 0
  let before = 0
  try {
    return await bucket.retry(
      key,
      async () => {
        before = received
        if (received < bytes) {
          const body = await bucket.open(key, received).catch((error: unknown) => {
            if ((error as Error).name === 'NoSuchKey') return null
            throw error
          })
          if (body === null) return null
          for await (const chunk of body as AsyncIterable<Buffer>) {
            await handle.write(chunk)
            hash.update(chunk)
            received += chunk.length
          }
        }
        if (received < bytes) throw Object.assign(new Error('it ended early'), { code: 'CutBody' })
        return hash.digest('hex')
      },
      () => received > before,
    )
  } finally {
    await handle.close()
  }
}
