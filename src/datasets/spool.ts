import { createWriteStream } from 'node:fs'
import { dirname } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createInflate } from 'node:zlib'
import { RoomWatch } from '../store/disk-room.js'
import { errorCode, toStorageError } from '../store/storage-errors.js'
import { fileError } from './errors.js'
import { isText } from './file-kinds.js'
import type { DatasetLimits } from './limits.js'
import type { SourceFile } from './source-file.js'
import { readHeadOf } from './stored-file.js'

/** Bytes of all files of an upload so far. */
export interface UploadUsage {
  receivedBytes: number
  inflatedBytes: number
}

/** Writes a file to disk as it arrives. Decompresses it if its first bytes are those of gzip or zlib. */
export async function spoolToDisk(
  name: string,
  content: AsyncIterable<Uint8Array>,
  path: string,
  usage: UploadUsage,
  limits: DatasetLimits,
  { signal, onReceived = () => {} }: SpoolControl = {},
): Promise<void> {
  const chunks = content[Symbol.asyncIterator]()
  const head = await readHead(chunks)
  const compression = detectCompression(head)
  const receivedChunks = () => countReceived(name, head, chunks, usage, limits, onReceived)
  const room = new RoomWatch(dirname(path), 'the upload')
  const checkRoom = async function* (stream: AsyncIterable<Uint8Array>) {
    for await (const chunk of stream) {
      await room.count(chunk.length)
      yield chunk
    }
  }
  const file = createWriteStream(path, { flags: 'wx' })
  const options = signal ? { signal } : {}
  try {
    if (compression) {
      const inflate = compression === 'gzip' ? createGunzip() : createInflate()
      const limitInflation = limitInflationOf(compression, name, usage, limits)
      await pipeline(receivedChunks, inflate, limitInflation, checkRoom, file, options)
    } else {
      await pipeline(receivedChunks, checkRoom, file, options)
    }
  } catch (error) {
    if (signal?.aborted) throw signal.reason
    throw (compression && toInflateError(compression, name, error)) ?? toStorageError(error)
  }
}

interface SpoolControl {
  /** Ends the upload; its reason is thrown. */
  signal?: AbortSignal
  /** Called with all bytes of the upload so far. */
  onReceived?: (bytes: number) => void
}

/** Whether `spoolToDisk` would decompress a file. */
export const isCompressed = async (file: SourceFile): Promise<boolean> =>
  detectCompression(await readHeadOf(file, headBytes)) !== null

/** Enough to tell compressed data from text. */
const headBytes = 64

async function readHead(chunks: AsyncIterator<Uint8Array>): Promise<Uint8Array> {
  let head = Buffer.alloc(0)
  while (head.length < headBytes) {
    const { value, done } = await chunks.next()
    if (done) break
    head = Buffer.concat([head, value])
  }
  return head
}

type Compression = 'gzip' | 'zlib'

function detectCompression(head: Uint8Array): Compression | null {
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip'
  // RFC 1950 with a window of 32 KiB, as TensorFlow writes it. A text may begin with `x^`, which is valid too.
  const isZlib = head[0] === 0x78 && [0x01, 0x5e, 0x9c, 0xda].includes(head[1]!) && !isText(head)
  return isZlib ? 'zlib' : null
}

async function* countReceived(
  name: string,
  head: Uint8Array,
  chunks: AsyncIterator<Uint8Array>,
  usage: UploadUsage,
  limits: DatasetLimits,
  onReceived: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  const rest = { [Symbol.asyncIterator]: () => chunks }
  const countChunk = (chunk: Uint8Array) => {
    usage.receivedBytes += chunk.length
    if (usage.receivedBytes > limits.uploadBytes) throw tooLargeError(name, 'files', limits)
    onReceived(usage.receivedBytes)
    return chunk
  }
  yield countChunk(head)
  for await (const chunk of rest) yield countChunk(chunk)
}

/** Counts the decompressed bytes, since the size that a gzip file states can be wrong. */
function limitInflationOf(
  compression: Compression,
  name: string,
  usage: UploadUsage,
  limits: DatasetLimits,
) {
  const usageBefore = { ...usage }
  return async function* (stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of stream) {
      usage.inflatedBytes += chunk.length
      const bytes = usage.inflatedBytes - usageBefore.inflatedBytes
      if (usage.inflatedBytes > limits.uploadBytes)
        throw tooLargeError(name, 'inflated files', limits)
      if (
        bytes > limits.inflationFloorBytes &&
        bytes > limits.inflationRatio * (usage.receivedBytes - usageBefore.receivedBytes)
      ) {
        const detail = `the ${compression} inflates more than ${limits.inflationRatio} times`
        throw fileError('DATASET_TOO_LARGE', { file: name, byte: bytes }, detail)
      }
      yield chunk
    }
  }
}

const tooLargeError = (name: string, what: string, { uploadBytes }: DatasetLimits) =>
  fileError(
    'DATASET_TOO_LARGE',
    { file: name },
    `the upload's ${what} have more than ${uploadBytes} bytes`,
  )

function toInflateError(compression: Compression, name: string, error: unknown): Error | undefined {
  const code = errorCode(error)
  if (code === 'Z_BUF_ERROR') {
    return fileError('DATASET_TRUNCATED', { file: name }, `the ${compression} ends early`, error)
  }
  if (code !== 'Z_DATA_ERROR') return undefined
  const detail = `the ${compression} is damaged: ${(error as Error).message}`
  return fileError('DATASET_CHECKSUM', { file: name }, detail, error)
}
