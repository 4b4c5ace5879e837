import { createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { codeOf, storageTrouble } from '../store/storage-errors.js'
import { fileError } from './errors.js'
import type { Limits } from './limits.js'

/** Below this, a ratio says nothing: a blank image compresses a thousandfold. */
const inflationFloor = 16 * 2 ** 20

/** What an upload has used up so far, over all its files. */
export interface Usage {
  sentBytes: number
  inflatedBytes: number
}

/** Writes a file to disk as it arrives, inflated where it is gzip by its first bytes. */
export async function spool(
  name: string,
  content: AsyncIterable<Uint8Array>,
  path: string,
  usage: Usage,
  limits: Limits,
): Promise<void> {
  const chunks = content[Symbol.asyncIterator]()
  const head = await readHead(chunks)
  const source = () => sent(name, head, chunks, usage, limits)
  const file = createWriteStream(path, { flags: 'wx' })
  try {
    if (isGzip(head)) {
      await pipeline(source, createGunzip(), inflated(name, usage, limits), file)
    } else {
      await pipeline(source, file)
    }
  } catch (error) {
    throw gzipTrouble(name, error) ?? storageTrouble(error)
  }
}

/** As many chunks as it takes to know the first two bytes. */
async function readHead(chunks: AsyncIterator<Uint8Array>): Promise<Uint8Array> {
  let head = Buffer.alloc(0)
  while (head.length < 2) {
    const { value, done } = await chunks.next()
    if (done) break
    head = Buffer.concat([head, value])
  }
  return head
}

const isGzip = (head: Uint8Array) => head[0] === 0x1f && head[1] === 0x8b

async function* sent(
  name: string,
  head: Uint8Array,
  chunks: AsyncIterator<Uint8Array>,
  usage: Usage,
  limits: Limits,
): AsyncGenerator<Uint8Array> {
  const rest = { [Symbol.asyncIterator]: () => chunks }
  const count = (chunk: Uint8Array) => {
    usage.sentBytes += chunk.length
    if (usage.sentBytes > limits.uploadBytes) throw tooLarge(name, 'files', limits)
    return chunk
  }
  yield count(head)
  for await (const chunk of rest) yield count(chunk)
}

/** Counts what really comes out: a gzip's own word for its size is not worth reading. */
function inflated(name: string, usage: Usage, limits: Limits) {
  const before = { ...usage }
  return async function* (stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of stream) {
      usage.inflatedBytes += chunk.length
      const bytes = usage.inflatedBytes - before.inflatedBytes
      if (usage.inflatedBytes > limits.uploadBytes) throw tooLarge(name, 'inflated files', limits)
      if (
        bytes > inflationFloor &&
        bytes > limits.inflation * (usage.sentBytes - before.sentBytes)
      ) {
        const trouble = `the gzip inflates more than ${limits.inflation} times`
        throw fileError('DATASET_TOO_LARGE', { file: name, byte: bytes }, trouble)
      }
      yield chunk
    }
  }
}

const tooLarge = (name: string, what: string, { uploadBytes }: Limits) =>
  fileError(
    'DATASET_TOO_LARGE',
    { file: name },
    `the upload's ${what} have more than ${uploadBytes} bytes`,
  )

function gzipTrouble(name: string, error: unknown): Error | undefined {
  const code = codeOf(error)
  if (code === 'Z_BUF_ERROR') {
    return fileError('DATASET_TRUNCATED', { file: name }, 'the gzip ends early', error)
  }
  if (code !== 'Z_DATA_ERROR') return undefined
  const trouble = `the gzip is damaged: ${(error as Error).message}`
  return fileError('DATASET_CHECKSUM', { file: name }, trouble, error)
}
