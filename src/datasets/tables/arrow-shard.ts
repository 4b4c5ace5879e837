// Reads the Arrow IPC files that the table writer makes. Each column of a batch has two buffers: the
// validity bitmap and the values. https://arrow.apache.org/docs/format/Columnar.html#ipc-file-format
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import {
  type ArrowField,
  doublePrecision,
  type FileBlock,
  parseFooter,
  parseMessage,
} from './arrow/arrow-schema.js'

type NumericArray = Float32Array | Float64Array | Int32Array

export interface ShardBatch {
  rows: number
  /** Copies values from row `first` on, until `into` is full or the batch ends. */
  read(column: number, firstRow: number, target: NumericArray): void
}

/** After the footer: its length and the magic number. */
const trailerBytes = 4 + 'ARROW1'.length
/** Before a message: a marker and the message's length. */
const messagePrefixBytes = 8

/** The batches and column types of a shard. Values are read from the file on request. */
export class ArrowShard implements Disposable {
  readonly fields: readonly ArrowField[]
  private readonly descriptor: number
  private readonly blocks: readonly FileBlock[]

  constructor(private readonly path: string) {
    this.descriptor = openSync(path, 'r')
    try {
      const { size } = fstatSync(this.descriptor)
      const length = this.read(size - trailerBytes, Buffer.alloc(4)).readInt32LE()
      const footer = parseFooter(this.read(size - trailerBytes - length, new Uint8Array(length)))
      this.fields = footer.schema.fields
      this.blocks = footer.batches
    } catch (error) {
      closeSync(this.descriptor)
      throw error
    }
  }

  *batches(): Generator<ShardBatch> {
    for (const { offset, metadataLength } of this.blocks) {
      const metadata = this.read(
        offset + messagePrefixBytes,
        new Uint8Array(metadataLength - messagePrefixBytes),
      )
      const message = parseMessage(metadata)
      if (message.kind !== 'batch') throw new Error(`${this.path}: no batch at byte ${offset}`)
      const { rows, buffers } = message.batch
      const bodyOffset = offset + metadataLength
      yield {
        rows,
        read: (column, firstRow, target) => {
          const valuesOffset = bodyOffset + buffers[2 * column + 1]!.offset
          this.read(valuesOffset + firstRow * target.BYTES_PER_ELEMENT, asBytes(target))
        },
      }
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.descriptor)
  }

  private read<Bytes extends Uint8Array>(at: number, bytes: Bytes): Bytes {
    for (let filled = 0; filled < bytes.length; ) {
      const read = readSync(this.descriptor, bytes, filled, bytes.length - filled, at + filled)
      if (read === 0) throw new Error(`${this.path} ends before byte ${at + bytes.length}`)
      filled += read
    }
    return bytes
  }
}

/** How a column is stored in a shard. */
export function arrayTypeOf(field: ArrowField): new (length: number) => NumericArray {
  const { type, dictionary } = field
  if (dictionary) return Int32Array
  return type.name === 'float' && type.unit === doublePrecision ? Float64Array : Float32Array
}

const asBytes = ({ buffer, byteOffset, byteLength }: NumericArray) =>
  new Uint8Array(buffer, byteOffset, byteLength)
