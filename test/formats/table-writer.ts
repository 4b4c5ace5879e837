import { crc32c } from '@node-rs/crc32'

/** An entry of a table, or of its index. */
export type Entry = readonly [key: Buffer, value: Uint8Array]

export interface TableOptions {
  /** Replaces the offsets of the restarts of the data block. */
  restarts?(offsets: number[]): number[]
  /** Replaces the key of the data block in the index. */
  separator?: Buffer
}

/**
 * Writes a LevelDB table with one data block, with right checksums whatever the entries hold. Each entry has
 * its whole key.
 */
export function writeTable(entries: readonly Entry[], options: TableOptions = {}): Buffer {
  const { restarts = offsets => offsets, separator = entries.at(-1)![0] } = options
  const data = block(entries, restarts)
  const metaindex = block([], () => [0])
  const handles = [handle(data.length, metaindex), handle(0, data)]
  const index = block([[separator, handles[1]!]], offsets => offsets)
  const footer = Buffer.alloc(48)
  const handlesOfFooter = Buffer.concat([
    handles[0]!,
    handle(data.length + metaindex.length, index),
  ])
  handlesOfFooter.copy(footer)
  Buffer.from('57fb808b247547db', 'hex').copy(footer, 40)
  return Buffer.concat([data, metaindex, index, footer])
}

const trailerBytes = 5

function block(entries: readonly Entry[], restarts: (offsets: number[]) => number[]): Buffer {
  const parts: Buffer[] = []
  const offsets: number[] = []
  let length = 0
  for (const [key, value] of entries) {
    offsets.push(length)
    const header = [varint(0), varint(key.length), varint(value.length)]
    const part = Buffer.concat([...header, key, value])
    parts.push(part)
    length += part.length
  }
  const list = restarts(offsets)
  const content = Buffer.concat([...parts, ...[...list, list.length].map(uint32), Buffer.from([0])])
  return Buffer.concat([content, uint32(maskedCrc(content))])
}

/** TensorFlow's masked CRC-32C. */
export function maskedCrc(bytes: Uint8Array): number {
  const crc = crc32c(bytes)
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
}

const handle = (offset: number, written: Buffer) =>
  Buffer.concat([varint(offset), varint(written.length - trailerBytes)])

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128)
  return Buffer.from([...bytes, rest])
}
