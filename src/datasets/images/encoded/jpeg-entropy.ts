// Walks through the Huffman codes of a sequential JPEG (ITU-T T.81, annex F) without computing pixels. Decoders
// fill what is missing with grey, and libjpeg's warning about it does not get through TensorFlow.

import { ImageError } from '../image-error.js'
import { segments } from './jpeg-structure.js'

interface Component {
  horizontal: number
  vertical: number
}

interface Frame {
  height: number
  width: number
  components: Map<number, Component>
}

/** Indexed by the next 16 bits: the length of the code times 256, plus its symbol; 0 if there is no such code. */
type HuffmanTable = Uint16Array

/**
 * Throws an ImageError if the compressed data of a sequential JPEG ends before all blocks that its header
 * promises, or has invalid codes. Progressive images are not checked.
 */
export function checkJpegData(jpeg: Buffer): void {
  const tables = new Map<number, HuffmanTable>()
  const scanned = new Set<number>()
  let restartInterval = 0
  let frame: Frame | null = null
  for (const { marker, data } of segments(jpeg)) {
    if (marker === 0xc2) return
    if (marker === 0xc0 || marker === 0xc1) frame = readFrame(data)
    else if (marker === 0xc4) readTables(data, tables)
    else if (marker === 0xdd) restartInterval = data.readUInt16BE(0)
    else if (marker === 0xda && frame) checkScan(data, frame, tables, restartInterval, scanned)
  }
  if (frame && scanned.size < frame.components.size) {
    throw new ImageError('the JPEG is damaged: a color component has no data')
  }
}

function readFrame(data: Buffer): Frame {
  const components = new Map<number, Component>()
  for (let at = 6; at < 6 + 3 * data[5]!; at += 3) {
    const [id, sampling] = [data.readUInt8(at), data.readUInt8(at + 1)]
    const [horizontal, vertical] = [sampling >> 4, sampling & 15]
    if (!isOneToFour(horizontal) || !isOneToFour(vertical)) {
      const factors = `${horizontal} x ${vertical}`
      throw new ImageError(
        `the JPEG is damaged: a component has the sampling factors ${factors}, expected 1 to 4`,
      )
    }
    components.set(id, { horizontal, vertical })
  }
  return { height: data.readUInt16BE(1), width: data.readUInt16BE(3), components }
}

/** The range of sampling factors, and of the number of components in a scan (T.81, B.2.2 and B.2.3). */
const isOneToFour = (value: number) => value >= 1 && value <= 4

function readTables(data: Buffer, tables: Map<number, HuffmanTable>): void {
  for (let at = 0; at + 17 <= data.length; ) {
    const counts = data.subarray(at + 1, at + 17)
    const codes = counts.reduce((sum, count) => sum + count, 0)
    tables.set(data[at]!, huffmanTable(counts, data.subarray(at + 17, at + 17 + codes)))
    at += 17 + codes
  }
}

/** Most images have the tables that the standard suggests. */
const tableCache = new Map<string, HuffmanTable>()
const maxCachedTables = 64

function huffmanTable(counts: Buffer, symbols: Buffer): HuffmanTable {
  const key = Buffer.concat([counts, symbols]).toString('latin1')
  const cached = tableCache.get(key)
  if (cached) return cached
  const table = new Uint16Array(65_536)
  let start = 0
  let index = 0
  for (const [i, count] of counts.entries()) {
    const span = 1 << (15 - i)
    for (let code = 0; code < count; code++) {
      table.fill(((i + 1) << 8) | symbols[index++]!, start, start + span)
      start += span
    }
  }
  if (tableCache.size === maxCachedTables) tableCache.clear()
  tableCache.set(key, table)
  return table
}

function checkScan(
  data: Buffer,
  frame: Frame,
  tables: ReadonlyMap<number, HuffmanTable>,
  restartInterval: number,
  scanned: Set<number>,
): void {
  const all = [...frame.components.values()]
  const maxHorizontal = Math.max(...all.map(({ horizontal }) => horizontal))
  const maxVertical = Math.max(...all.map(({ vertical }) => vertical))
  const count = data.readUInt8(0)
  if (!isOneToFour(count)) {
    throw new ImageError(`the JPEG is damaged: a scan has ${count} components, expected 1 to 4`)
  }
  const blocks: { dc: HuffmanTable; ac: HuffmanTable }[] = []
  let [across, down] = [8 * maxHorizontal, 8 * maxVertical]
  for (let at = 1; at < 1 + 2 * count; at += 2) {
    const component = frame.components.get(data.readUInt8(at))
    const selector = data.readUInt8(at + 1)
    const [dc, ac] = [tables.get(selector >> 4), tables.get(0x10 | (selector & 15))]
    if (!component || !dc || !ac) {
      throw new ImageError('the JPEG is damaged: a scan names a component or table that is missing')
    }
    scanned.add(data[at]!)
    const { horizontal, vertical } = component
    const perUnit = count === 1 ? 1 : horizontal * vertical
    for (let i = 0; i < perUnit; i++) blocks.push({ dc, ac })
    // a scan of one component has its own blocks only, and none beyond the edge
    if (count === 1) {
      across = (8 * maxHorizontal) / horizontal
      down = (8 * maxVertical) / vertical
    }
  }
  const units = Math.ceil(frame.width / across) * Math.ceil(frame.height / down)
  const compressed = data.subarray(4 + 2 * count)
  let done = 0
  for (const part of restartParts(compressed)) {
    const due = restartInterval > 0 ? Math.min(restartInterval, units - done) : units - done
    checkUnits(part, due, blocks, frame)
    done += due
    if (done >= units) return
  }
  throw tooShort(frame)
}

/** The compressed data between the restart markers, without the zeros that follow bytes FF. */
function* restartParts(compressed: Buffer): Generator<Buffer> {
  const part = Buffer.alloc(compressed.length + paddingBytes)
  let length = 0
  for (let at = 0; at < compressed.length; at++) {
    const byte = compressed[at]!
    if (byte !== 0xff) {
      part[length++] = byte
      continue
    }
    at++
    if (compressed[at] === 0) part[length++] = 0xff
    else if (compressed[at] === 0xff) at--
    else {
      yield part.subarray(0, length)
      length = 0
    }
  }
  yield part.subarray(0, length)
}

/** More than a block can take: 64 codes of 16 bits with 15 more each. */
const paddingBytes = 256

function checkUnits(
  part: Buffer,
  units: number,
  blocks: readonly { dc: HuffmanTable; ac: HuffmanTable }[],
  frame: Frame,
): void {
  const bytes = new Uint8Array(part.buffer, part.byteOffset, part.length + paddingBytes)
  bytes.fill(0, part.length)
  const end = 8 * part.length
  let at = 0
  const next = (table: HuffmanTable): number => {
    const byte = at >> 3
    const bits = (bytes[byte]! << 16) | (bytes[byte + 1]! << 8) | bytes[byte + 2]!
    const entry = table[(bits >> (8 - (at & 7))) & 0xffff]!
    if (entry === 0) throw at < end - 16 ? invalidCode() : tooShort(frame)
    at += entry >> 8
    return entry & 255
  }
  for (let unit = 0; unit < units; unit++) {
    for (const { dc, ac } of blocks) {
      const dcBits = next(dc) & 15
      at += dcBits
      for (let coefficient = 1; coefficient < 64; coefficient++) {
        const symbol = next(ac)
        const bits = symbol & 15
        if (bits === 0 && symbol !== 0xf0) break
        coefficient += symbol >> 4
        at += bits
      }
      if (at > end) throw tooShort(frame)
    }
  }
}

const tooShort = ({ height, width }: Frame) =>
  new ImageError(
    `the JPEG is damaged: its data does not make up the ${height} x ${width} pixels that its header says`,
  )

const invalidCode = () => new ImageError('the JPEG is damaged: its data has an invalid code')
