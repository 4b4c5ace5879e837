// GIF89a (https://www.w3.org/Graphics/GIF/spec-gif89a.txt).
import { ImageError } from '../image-error.js'

interface GifHeader {
  /** Of the first frame, which is the part that is decoded. */
  height: number
  width: number
  frames: 'one' | 'more'
}

export const isGif = (bytes: Uint8Array): boolean =>
  bytes.length >= 13 && /^GIF8[79]a$/.test(String.fromCharCode(...bytes.subarray(0, 6)))

/** Throws an ImageError if a GIF is cut off before the end of its first frame. */
export function readGifHeader(gif: Buffer): GifHeader {
  let at = 13 + colorTableBytes(gif[10]!)
  let size: { height: number; width: number } | null = null
  while (at < gif.length) {
    const block = gif[at]
    if (block === 0x3b) break
    if (block === 0x21) {
      at = endOfSubBlocks(gif, at + 2)
      continue
    }
    if (block !== 0x2c)
      throw new ImageError(`the GIF is damaged: no block begins at its byte ${at}`)
    if (size) return { ...size, frames: 'more' }
    if (at + 10 > gif.length) throw new ImageError('the GIF ends within its header')
    size = { height: gif.readUInt16LE(at + 7), width: gif.readUInt16LE(at + 5) }
    // after the description and its table, a byte tells the length of the codes
    at = endOfSubBlocks(gif, at + 10 + colorTableBytes(gif[at + 9]!) + 1)
  }
  if (!size) throw new ImageError('the GIF has no image')
  return { ...size, frames: 'one' }
}

const colorTableBytes = (flags: number) => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0)

function endOfSubBlocks(gif: Buffer, start: number): number {
  let at = start
  while (at < gif.length) {
    const length = gif[at]!
    at += 1 + length
    if (length === 0) return at
  }
  throw new ImageError('the GIF ends in the middle')
}
