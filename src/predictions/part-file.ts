// The predictions of some records in a row, as a checkpoint of a job holds them: `part.json`, and the fields one after the
// other, little-endian, in `predictions.bin`.
import { closeSync, openSync, readSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Numbers, PredictionField } from './fields.js'
import type { Scores } from './scores.js'

/** What computed predictions. Parts of different ones may differ in the last digits, so they are not mixed. */
export interface PredictionEngine {
  runtime: string
  precision: string
  /** Null if the numbers do not depend on it. */
  threads: number | null
}

export const isSameEngine = (one: PredictionEngine, other: PredictionEngine): boolean =>
  one.runtime === other.runtime &&
  one.precision === other.precision &&
  one.threads === other.threads

export interface PartHeader {
  /** The records, up to `end` exclusively, counted in what the job predicts. */
  first: number
  end: number
  engine: PredictionEngine
  /** Of all records up to `end`. */
  scores: Scores
}

const headerFile = 'part.json'
const valuesFile = 'predictions.bin'

/** Collects predictions of records that follow each other. `fields` says which they are; its values are not read. */
export class PartBuffer {
  private batches: Numbers[][]
  count = 0

  constructor(
    private readonly fields: readonly PredictionField[],
    readonly first: number,
  ) {
    this.batches = fields.map(() => [])
  }

  add(fields: readonly PredictionField[], count: number): void {
    // a runtime may use its memory again
    for (const [at, { values }] of fields.entries()) this.batches[at]!.push(values.slice())
    this.count += count
  }

  /** Writes into a staged folder of a checkpoint. */
  async write(folder: string, { engine, scores }: Pick<PartHeader, 'engine' | 'scores'>) {
    const header: PartHeader = { first: this.first, end: this.first + this.count, engine, scores }
    const bytes = this.batches.flatMap((batches, at) =>
      batches.map(each => bytesOf(each, this.fields[at]!)),
    )
    await writeFile(join(folder, valuesFile), Buffer.concat(bytes))
    await writeFile(join(folder, headerFile), JSON.stringify(header))
  }
}

/** A field has one type in all parts. */
function bytesOf(found: Numbers, { name, values }: PredictionField): Uint8Array {
  if (found.constructor !== values.constructor)
    throw new Error(`${name} is a ${found.constructor.name}`)
  return new Uint8Array(found.buffer, found.byteOffset, found.byteLength)
}

export async function readPartHeader(folder: string): Promise<PartHeader> {
  return JSON.parse(await readFile(join(folder, headerFile), 'utf8')) as PartHeader
}

const widthOf = ({ items }: PredictionField) => items?.length ?? 1

/**
 * Reads predictions of parts that cover all records, in order. Holds the records of each field that were read last, and
 * no open file: a job may have many thousand parts.
 */
export class PartsReader {
  /** By field: its entries are asked for one after the other. */
  private readonly blocks: { first: number; count: number; values: Numbers }[] = []
  /** The part that was read last. */
  private latest = 0

  constructor(
    private readonly parts: readonly (Pick<PartHeader, 'first' | 'end'> & { folder: string })[],
    private readonly fields: readonly PredictionField[],
  ) {}

  /** One entry of a field, for the records from `first` on, of those that the job predicts. */
  read(field: number, item: number, first: number, into: Numbers): void {
    const values = this.block(field, first, into.length)
    const width = widthOf(this.fields[field]!)
    for (let i = 0; i < into.length; i++) into[i] = values[i * width + item]!
  }

  private block(field: number, first: number, count: number): Numbers {
    const known = this.blocks[field]
    if (known?.first === first && known.count === count) return known.values
    const { values } = this.fields[field]!
    const width = widthOf(this.fields[field]!)
    const Type = values.constructor as new (length: number) => Numbers
    const all = new Type(count * width)
    if (this.parts[this.latest]!.first > first) this.latest = 0
    for (let at = first; at < first + count; ) {
      const part = this.parts[this.latest]!
      const until = Math.min(part.end, first + count)
      if (until > at) {
        const into = all.subarray((at - first) * width, (until - first) * width)
        readValues(part.folder, this.offset(part, field, at), into)
        at = until
      }
      if (at < first + count) this.latest++
    }
    this.blocks[field] = { first, count, values: all }
    return all
  }

  /** Where the values of a field for a record begin in the file of its part. */
  private offset(part: Pick<PartHeader, 'first' | 'end'>, field: number, record: number): number {
    const bytesOfRecord = this.fields.map(each => widthOf(each) * each.values.BYTES_PER_ELEMENT)
    const before = bytesOfRecord.slice(0, field).reduce((sum, bytes) => sum + bytes, 0)
    return (part.end - part.first) * before + (record - part.first) * bytesOfRecord[field]!
  }
}

function readValues(folder: string, offset: number, into: Numbers): void {
  const bytes = new Uint8Array(into.buffer, into.byteOffset, into.byteLength)
  const descriptor = openSync(join(folder, valuesFile), 'r')
  try {
    for (let filled = 0; filled < bytes.length; ) {
      const read = readSync(descriptor, bytes, filled, bytes.length - filled, offset + filled)
      if (read === 0) throw new Error(`${valuesFile} ends before byte ${offset + bytes.length}`)
      filled += read
    }
  } finally {
    closeSync(descriptor)
  }
}
