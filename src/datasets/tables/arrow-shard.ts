// An Arrow IPC file as the table writer leaves it: a column has two buffers in a batch, the bitmap of what
// is there and the values. https://arrow.apache.org/docs/format/Columnar.html#ipc-file-format
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { DataType, type Field, Message } from 'apache-arrow'
import { type FileBlock, Footer } from 'apache-arrow/ipc/metadata/file'

type Values = Float32Array | Float64Array | Int32Array

export interface ShardBatch {
  rows: number
  /** Fills as much of `into` as there are rows from `first` on. */
  read(column: number, first: number, into: Values): void
}

/** Behind the footer: its length, and the magic number. */
const endBytes = 4 + 'ARROW1'.length
/** Before a message: a marker, and the message's length. */
const headBytes = 8

/** A shard's batches and its columns' types; values are read from the file as they are asked for. */
export class ArrowShard implements Disposable {
  readonly fields: readonly Field[]
  readonly #descriptor: number
  readonly #blocks: readonly FileBlock[]

  constructor(private readonly path: string) {
    this.#descriptor = openSync(path, 'r')
    try {
      const { size } = fstatSync(this.#descriptor)
      const length = this.#read(size - endBytes, Buffer.alloc(4)).readInt32LE()
      const footer = Footer.decode(this.#read(size - endBytes - length, new Uint8Array(length)))
      this.fields = footer.schema.fields
      this.#blocks = [...footer.recordBatches()]
    } catch (error) {
      closeSync(this.#descriptor)
      throw error
    }
  }

  *batches(): Generator<ShardBatch> {
    for (const { offset, metaDataLength } of this.#blocks) {
      const head = this.#read(offset + headBytes, new Uint8Array(metaDataLength - headBytes))
      const message = Message.decode(head)
      if (!message.isRecordBatch()) throw new Error(`${this.path}: no batch at byte ${offset}`)
      const { length: rows, buffers } = message.header()
      const body = offset + metaDataLength
      yield {
        rows,
        read: (column, first, into) => {
          const values = body + buffers[2 * column + 1]!.offset
          this.#read(values + first * into.BYTES_PER_ELEMENT, bytesOf(into))
        },
      }
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#descriptor)
  }

  #read<Bytes extends Uint8Array>(at: number, bytes: Bytes): Bytes {
    for (let filled = 0; filled < bytes.length; ) {
      const read = readSync(this.#descriptor, bytes, filled, bytes.length - filled, at + filled)
      if (read === 0) throw new Error(`${this.path} ends before byte ${at + bytes.length}`)
      filled += read
    }
    return bytes
  }
}

/** How a column lies in a shard. */
export function valuesOf({ type }: Field): new (length: number) => Values {
  if (DataType.isDictionary(type)) return Int32Array
  return DataType.isFloat(type) && type.ArrayType === Float64Array ? Float64Array : Float32Array
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Values) =>
  new Uint8Array(buffer, byteOffset, byteLength)
