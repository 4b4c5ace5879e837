import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import type { ColumnBatch, ColumnSource, ColumnValues, NumberArray, Texts } from './column-batch.js'

type ArrayType = { new (buffer: ArrayBuffer): NumberArray; BYTES_PER_ELEMENT: number }

/** An array, or where it lies in the file. */
type Stored = NumberArray | { Type: ArrayType; at: number; bytes: number }

/** The first arrays stay in memory. */
const maxHeldBytes = 64 * 2 ** 20

interface StoredTexts {
  bytes: Stored
  offsets: Stored
}

type StoredColumn = { valid: Stored | null } & (
  | { kind: 'numbers'; values: Stored }
  | { kind: 'texts'; texts: StoredTexts }
  | { kind: 'dictionary'; codes: Stored; dictionary: StoredDictionary }
)

/** Batches share dictionaries, and so do those that are read back. */
interface StoredDictionary {
  stored: StoredTexts
  /** While a batch that was read back has it. */
  texts: WeakRef<Texts> | null
}

type StoredBatch = Omit<ColumnBatch, 'columns'> & { columns: StoredColumn[] }

/**
 * Keeps what a source gives when it is read the first time, in memory and then in a file, and gives it the second time:
 * inflating and decoding take several times as long. `path`: a file that does not exist yet. The source must make new
 * arrays for each batch, since those in memory are not copied.
 */
export function spooled(source: ColumnSource, path: string): ColumnSource {
  const batches: StoredBatch[] = []
  let isComplete = false
  return {
    ...source,
    async *batches() {
      if (isComplete) {
        yield* readBack(path, batches)
        return
      }
      using file = new SpoolFile(path, 'wx')
      for await (const batch of source.batches()) {
        batches.push(file.write(batch))
        yield batch
      }
      isComplete = true
    },
  }
}

function* readBack(path: string, batches: readonly StoredBatch[]): Generator<ColumnBatch> {
  using file = new SpoolFile(path, 'r')
  for (const batch of batches) {
    yield { ...batch, columns: batch.columns.map(column => file.read(column)) }
  }
}

class SpoolFile implements Disposable {
  private readonly descriptor: number
  private end = 0
  private heldBytes = 0
  private readonly dictionaries = new WeakMap<Texts, StoredDictionary>()

  constructor(path: string, flags: 'wx' | 'r') {
    this.descriptor = openSync(path, flags, 0o600)
  }

  write(batch: ColumnBatch): StoredBatch {
    const { rows } = batch
    return { ...batch, columns: batch.columns.map(column => this.writeColumn(column, rows)) }
  }

  read(column: StoredColumn): ColumnValues {
    const valid = column.valid && (this.readArray(column.valid) as Uint8Array)
    switch (column.kind) {
      case 'numbers':
        return { kind: 'numbers', values: this.readArray(column.values), valid }
      case 'texts':
        return { kind: 'texts', texts: this.readTexts(column.texts), valid }
      case 'dictionary': {
        const codes = this.readArray(column.codes) as Int32Array
        const { dictionary } = column
        return { kind: 'dictionary', codes, dictionary: this.readDictionary(dictionary), valid }
      }
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.descriptor)
  }

  private writeColumn(column: ColumnValues, rows: number): StoredColumn {
    const valid = column.valid && this.writeArray(column.valid.subarray(0, rows))
    switch (column.kind) {
      case 'numbers':
        return { kind: 'numbers', values: this.writeArray(column.values.subarray(0, rows)), valid }
      case 'texts':
        return { kind: 'texts', texts: this.writeTexts(column.texts), valid }
      case 'dictionary': {
        const codes = this.writeArray(column.codes.subarray(0, rows))
        let dictionary = this.dictionaries.get(column.dictionary)
        if (!dictionary) {
          dictionary = { stored: this.writeTexts(column.dictionary), texts: null }
          this.dictionaries.set(column.dictionary, dictionary)
        }
        return { kind: 'dictionary', codes, dictionary, valid }
      }
    }
  }

  private writeTexts({ bytes, offsets }: Texts): StoredTexts {
    const used = bytes.subarray(0, offsets.at(-1))
    return { bytes: this.writeArray(used), offsets: this.writeArray(offsets) }
  }

  private writeArray(array: NumberArray): Stored {
    const { buffer, byteOffset, byteLength } = array
    const bytes = new Uint8Array(buffer, byteOffset, byteLength)
    // a Buffer is read back as plain bytes
    const Type = (array instanceof Uint8Array ? Uint8Array : array.constructor) as ArrayType
    if (this.heldBytes + byteLength <= maxHeldBytes) {
      this.heldBytes += byteLength
      // a part of a buffer would keep all of it
      return byteLength === buffer.byteLength ? array : new Type(bytes.slice().buffer)
    }
    const at = this.end
    for (let done = 0; done < byteLength; ) {
      done += writeSync(this.descriptor, bytes, done, byteLength - done, at + done)
    }
    this.end += byteLength
    return { Type, at, bytes: byteLength }
  }

  private readDictionary(dictionary: StoredDictionary): Texts {
    const known = dictionary.texts?.deref()
    if (known) return known
    const texts = this.readTexts(dictionary.stored)
    dictionary.texts = new WeakRef(texts)
    return texts
  }

  private readTexts({ bytes, offsets }: StoredTexts): Texts {
    const { buffer, byteOffset, byteLength } = this.readArray(bytes)
    return {
      bytes: Buffer.from(buffer, byteOffset, byteLength),
      offsets: this.readArray(offsets) as Int32Array,
    }
  }

  private readArray(stored: Stored): NumberArray {
    if (ArrayBuffer.isView(stored)) return stored
    const { Type, at, bytes } = stored
    const read = new Uint8Array(bytes)
    for (let done = 0; done < bytes; ) {
      const count = readSync(this.descriptor, read, done, bytes - done, at + done)
      if (count === 0) throw new Error('the file of a table shrank while it was read')
      done += count
    }
    return new Type(read.buffer)
  }
}
