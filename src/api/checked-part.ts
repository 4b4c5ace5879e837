// The extension "checksum" of the tus protocol (https://tus.io/protocols/resumable-upload#checksum), which the library
// does not have: a part with a checksum is received into a file of its own, and only then given to the library.
import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { TrainyardError } from '../errors.js'
import { withStorageErrors } from '../store/storage-errors.js'
import { HttpError } from './http/http-error.js'

/** Algorithms and the bytes of their digests, best first. The protocol demands SHA-1. */
const digestBytes = { sha256: 32, sha512: 64, sha1: 20, md5: 16 } as const
type Algorithm = keyof typeof digestBytes

export const checksumAlgorithms = Object.keys(digestBytes).join(',')

export interface PartChecksum {
  algorithm: Algorithm
  digest: Buffer
}

/** Reads the header Upload-Checksum, such as `sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=`. */
export function parseChecksum(header: string): PartChecksum {
  const [algorithm = '', base64 = ''] = header.split(' ')
  if (!Object.hasOwn(digestBytes, algorithm)) {
    const message = `Upload-Checksum has the algorithm '${algorithm.slice(0, 40)}', expected one of ${checksumAlgorithms}`
    throw new HttpError('UPLOAD_PROTOCOL', message)
  }
  const digest = Buffer.from(base64, 'base64')
  const expected = digestBytes[algorithm as Algorithm]
  if (digest.length !== expected || header.split(' ').length !== 2) {
    const message = `Upload-Checksum is no ${algorithm} of ${expected} bytes in base64`
    throw new HttpError('UPLOAD_PROTOCOL', message)
  }
  return { algorithm: algorithm as Algorithm, digest }
}

/** Writes what arrives to a new file. Throws UPLOAD_CHECKSUM if it does not have the checksum. */
export async function receivePart(
  body: Readable,
  { algorithm, digest }: PartChecksum,
  path: string,
): Promise<void> {
  const hash = createHash(algorithm)
  const hashed = async function* (chunks: AsyncIterable<Buffer>) {
    for await (const chunk of chunks) {
      hash.update(chunk)
      yield chunk
    }
  }
  try {
    const file = createWriteStream(path, { flags: 'wx', mode: 0o600 })
    await withStorageErrors(() => pipeline(body, hashed, file))
  } catch (error) {
    if (error instanceof TrainyardError || !body.errored) throw error
    const message =
      'the connection broke within the part; nothing of it is kept, since its checksum is of the whole'
    throw new HttpError('BODY_TRUNCATED', message, { cause: error })
  }
  if (hash.digest().equals(digest)) return
  const message = `the part does not have the ${algorithm} of its Upload-Checksum; nothing of it is kept: send it again`
  throw new TrainyardError('UPLOAD_CHECKSUM', message)
}
