// LZ4 frames, as Arrow compresses buffers: https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md. Checksums are
// not compared: Arrow writes none.

const magic = 0x184d2204
const maxLiteralSteps = 2 ** 31

/** Returns `length` bytes, or throws if the frame makes others. */
export function inflateLz4(bytes: Uint8Array, length: number): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getUint32(0, true) !== magic) throw new Error('it is no LZ4 frame')
  const flags = view.getUint8(4)
  if (flags >> 6 !== 1) throw new Error(`it is an LZ4 frame of version ${flags >> 6}`)
  if (flags & 1) throw new Error('it needs a dictionary of LZ4')
  const hasBlockChecksum = (flags & 16) !== 0
  let at = 6 + (flags & 8 ? 8 : 0) + 1
  const output = new Uint8Array(length)
  let filled = 0
  for (;;) {
    const head = view.getUint32(at, true)
    at += 4
    if (head === 0) break
    const size = head & 0x7fffffff
    if (size > bytes.length - at) throw new Error('a block is longer than the frame')
    if (head >>> 31) {
      if (size > length - filled) throw new Error('it is longer than stated')
      output.set(bytes.subarray(at, at + size), filled)
      filled += size
    } else filled = inflateBlock(bytes, at, at + size, output, filled)
    at += size + (hasBlockChecksum ? 4 : 0)
  }
  if (filled !== length) throw new Error(`it has ${filled} bytes instead of ${length}`)
  return output
}

/** Blocks may copy from the ones before. Returns where the output ends. */
function inflateBlock(
  bytes: Uint8Array,
  start: number,
  end: number,
  output: Uint8Array,
  filled: number,
): number {
  let at = start
  let to = filled
  const extended = (first: number) => {
    let length = first
    if (first !== 15) return length
    for (;;) {
      if (at >= end || length > maxLiteralSteps) throw new Error('a block ends early')
      const byte = bytes[at++]!
      length += byte
      if (byte !== 255) return length
    }
  }
  while (at < end) {
    const token = bytes[at++]!
    const literals = extended(token >> 4)
    if (literals > end - at || literals > output.length - to)
      throw new Error('it is longer than stated')
    if (literals < 24)
      for (let byte = 0; byte < literals; byte++) output[to + byte] = bytes[at + byte]!
    else output.set(bytes.subarray(at, at + literals), to)
    at += literals
    to += literals
    if (at === end) return to
    if (at + 2 > end) throw new Error('a block ends early')
    const offset = bytes[at]! | (bytes[at + 1]! << 8)
    at += 2
    const length = extended(token & 15) + 4
    if (offset === 0 || offset > to) throw new Error('it copies from before its start')
    if (length > output.length - to) throw new Error('it is longer than stated')
    if (offset >= length) output.copyWithin(to, to - offset, to - offset + length)
    else for (let byte = 0; byte < length; byte++) output[to + byte] = output[to + byte - offset]!
    to += length
  }
  return to
}
