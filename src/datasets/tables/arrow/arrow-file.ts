import { fileError } from '../../errors.js'
import type { ByteSource } from '../csv.js'
import {
  type ArrowSchema,
  type BatchHeader,
  type Message,
  parseFooter,
  parseMessage,
} from './arrow-schema.js'
import { isArrowFile, magic } from './magic.js'
import { messageBytes, type ReadBudget, unlimited } from './read-budget.js'

/** A batch of rows or of dictionary values, and where its body begins. */
export interface ArrowBlock {
  /** The dictionary that it belongs to; null for rows. */
  dictionary: { id: string; isDelta: boolean } | null
  batch: BatchHeader
  /** Bytes of the file. */
  body: number
  bodyLength: number
}

export interface ArrowFile {
  file: ByteSource
  budget: ReadBudget
  schema: ArrowSchema
  rows: number
  /** Reads the metadata of each message again, in order. */
  blocks(): Iterable<ArrowBlock>
}

/** In front of each message; older writers leave it out. */
const continuation = 0xffffffff
const maxMetadataBytes = 64 * 2 ** 20
/** The footer's length and the magic word. */
const trailerBytes = 4 + magic.length

/** Reads the schema, and checks where all messages lie. */
export function openArrowFile(file: ByteSource, budget = unlimited()): ArrowFile {
  const isFile = isArrowFile(Buffer.from(file.read(0, 8)))
  const { schema, blocks } = isFile ? openFile(file, budget) : openStream(file, budget)
  if (schema.isBigEndian) throw damaged(file, 0, 'its numbers are big-endian, which is not read')
  let rows = 0
  for (const { batch, dictionary } of blocks()) if (!dictionary) rows += batch.rows
  return { file, budget, schema, rows, blocks }
}

function openFile(file: ByteSource, budget: ReadBudget) {
  const trailer = Buffer.from(file.read(file.size - trailerBytes, trailerBytes))
  if (file.size < 8 + trailerBytes || trailer.toString('latin1', 4) !== magic) {
    const detail = `the Arrow file is not complete: it does not end in ${magic}`
    throw fileError('DATASET_TRUNCATED', { file: file.name }, detail)
  }
  const length = trailer.readInt32LE(0)
  if (!(length > 0 && length <= file.size - 8 - trailerBytes)) {
    const detail = `its footer is said to take ${length} bytes of ${file.size}`
    throw damaged(file, file.size - trailerBytes, detail)
  }
  const at = file.size - trailerBytes - length
  const footer = attempt(file, at, () => parseFooter(copyOf(file, at, length)))
  return {
    schema: footer.schema,
    *blocks() {
      for (const { offset } of [...footer.dictionaries, ...footer.batches]) {
        // each message begins with its length, as in a stream
        const placed = readMessage(file, offset, budget)
        const found = placed && blockOf(file, placed)
        if (!found) throw damaged(file, offset, 'there is no batch where the footer says')
        yield found
      }
    },
  }
}

interface PlacedMessage {
  at: number
  message: Message
  body: number
}

function openStream(file: ByteSource, budget: ReadBudget) {
  const first = readMessage(file, 0, budget)
  if (first?.message.kind !== 'schema') throw damaged(file, 0, 'it does not begin with a schema')
  const { message, body } = first
  const start = body + message.bodyLength
  return {
    schema: message.schema,
    *blocks() {
      for (let at = start; ; ) {
        const placed = readMessage(file, at, budget)
        if (!placed) return
        const block = blockOf(file, placed)
        if (block) yield block
        at = placed.body + placed.message.bodyLength
      }
    },
  }
}

/** Returns null at the end of a stream. */
function readMessage(file: ByteSource, at: number, budget: ReadBudget): PlacedMessage | null {
  if (at === file.size) return null
  const head = Buffer.from(file.read(at, 8))
  if (head.length < 4) throw truncated(file, at)
  const hasMarker = head.readUInt32LE(0) === continuation
  if (hasMarker && head.length < 8) throw truncated(file, at)
  const length = head.readInt32LE(hasMarker ? 4 : 0)
  if (length === 0) return null
  const start = at + (hasMarker ? 8 : 4)
  if (length < 0 || length > maxMetadataBytes)
    throw damaged(file, at, `the metadata of a message is said to take ${length} bytes`)
  if (start + length > file.size) throw truncated(file, at)
  budget.take(length + messageBytes, file.name)
  const message = attempt(file, at, () => parseMessage(copyOf(file, start, length)))
  const body = start + length
  if (message.bodyLength > file.size - body) throw truncated(file, at)
  return { at, message, body }
}

function blockOf(file: ByteSource, { at, message, body }: PlacedMessage): ArrowBlock | null {
  if (message.kind !== 'batch' && message.kind !== 'dictionary') return null
  const { batch, bodyLength } = message
  for (const { offset, length } of batch.buffers) {
    if (offset + length <= bodyLength) continue
    const detail = `a buffer is said to end at byte ${offset + length} of a body of ${bodyLength}`
    throw damaged(file, at, detail)
  }
  const dictionary =
    message.kind === 'dictionary' ? { id: message.id, isDelta: message.isDelta } : null
  return { dictionary, batch, body, bodyLength }
}

const copyOf = (file: ByteSource, at: number, length: number) =>
  new Uint8Array(file.read(at, length))

function attempt<Result>(file: ByteSource, at: number, parse: () => Result): Result {
  try {
    return parse()
  } catch (error) {
    throw damaged(file, at, `its metadata cannot be read: ${(error as Error).message}`, error)
  }
}

export const damaged = (file: ByteSource, byte: number, detail: string, cause?: unknown) => {
  const place = { file: file.name, byte }
  return fileError('DATASET_FORMAT', place, `the Arrow file is damaged: ${detail}`, cause)
}

const truncated = (file: ByteSource, byte: number) =>
  fileError('DATASET_TRUNCATED', { file: file.name, byte }, 'the Arrow file ends within a message')
