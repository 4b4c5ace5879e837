import { ZstdError } from './bit-reader.js'
import { decodeHuffman, type HuffmanTable, readHuffmanTable } from './huffman.js'

export const maxBlockBytes = 128 * 1024

const [raw, repeated, , treeless] = [0, 1, 2, 3]

/** Decodes the literals of a block (RFC 8878, 3.1.1.3.1). Keeps the last Huffman table, which blocks may reuse. */
export class LiteralsDecoder {
  private readonly buffer = new Uint8Array(maxBlockBytes)
  private table: HuffmanTable | null = null

  /** Returns the literals, which the next block overwrites, and the byte after them. */
  decode(bytes: Uint8Array, start: number, end: number): { literals: Uint8Array; end: number } {
    const byte = (at: number) => {
      if (start + at >= end) throw new ZstdError('literals end early')
      return bytes[start + at]!
    }
    const type = byte(0) & 3
    const format = (byte(0) >> 2) & 3
    if (type === raw || type === repeated) {
      const headerBytes = format === 3 ? 3 : format === 1 ? 2 : 1
      const shift = headerBytes === 1 ? 3 : 4
      let header = 0
      for (let at = 0; at < headerBytes; at++) header |= byte(at) << (8 * at)
      return this.plain(bytes, start + headerBytes, end, header >>> shift, type === repeated)
    }
    const headerBytes = format < 2 ? 3 : format + 2
    let header = 0
    for (let at = headerBytes - 1; at >= 0; at--) header = header * 256 + byte(at)
    const width = format < 2 ? 10 : format === 2 ? 14 : 18
    const size = Math.floor(header / 16) % 2 ** width
    const packed = Math.floor(header / 2 ** (4 + width))
    const dataStart = start + headerBytes
    if (size > maxBlockBytes || dataStart + packed > end) throw new ZstdError('literals end early')
    const literals = this.buffer.subarray(0, size)
    this.huffman(bytes, dataStart, dataStart + packed, literals, type === treeless, format !== 0)
    return { literals, end: dataStart + packed }
  }

  private plain(bytes: Uint8Array, start: number, end: number, size: number, isRepeated: boolean) {
    const length = isRepeated ? 1 : size
    if (size > maxBlockBytes || start + length > end) throw new ZstdError('literals end early')
    const literals = this.buffer.subarray(0, size)
    if (isRepeated) literals.fill(bytes[start]!)
    else literals.set(bytes.subarray(start, start + size))
    return { literals, end: start + length }
  }

  private huffman(
    bytes: Uint8Array,
    start: number,
    end: number,
    literals: Uint8Array,
    isTreeless: boolean,
    hasFourStreams: boolean,
  ): void {
    let at = start
    if (!isTreeless) {
      const read = readHuffmanTable(bytes, start, end)
      this.table = read.table
      at = read.end
    }
    const { table } = this
    if (!table) throw new ZstdError('literals have no Huffman table')
    if (!hasFourStreams) {
      decodeHuffman(table, bytes, at, end, literals)
      return
    }
    if (at + 6 > end) throw new ZstdError('literals end early')
    const part = (literals.length + 3) >> 2
    if (3 * part > literals.length) throw new ZstdError('literals are damaged')
    let streamStart = at + 6
    for (let stream = 0; stream < 4; stream++) {
      const size = bytes[at + 2 * stream]! | (bytes[at + 2 * stream + 1]! << 8)
      const streamEnd = stream === 3 ? end : streamStart + size
      if (streamEnd > end) throw new ZstdError('literals end early')
      const output = literals.subarray(
        stream * part,
        stream === 3 ? undefined : (stream + 1) * part,
      )
      decodeHuffman(table, bytes, streamStart, streamEnd, output)
      streamStart = streamEnd
    }
  }
}
