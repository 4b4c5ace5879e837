// BMP (https://learn.microsoft.com/windows/win32/gdi/bitmap-storage). TensorFlow reads no palettes and little
// else of it, so its pixels are read here.
import { ImageError } from '../image-error.js'

interface BmpHeader {
  height: number
  width: number
  /** 1 if all colours of the palette are grey. */
  channels: 1 | 3
}

interface BmpLayout extends BmpHeader {
  isTopDown: boolean
  bits: number
  dataOffset: number
  /** Red, green and blue of each number, with palettes. */
  palette: Uint8Array | null
  /** Red, green and blue, without palettes. */
  masks: readonly number[]
}

/** `BM` alone may begin anything; two reserved numbers and the length of the next header follow. */
export const isBmp = (bytes: Uint8Array): boolean =>
  bytes.length >= 26 &&
  bytes[0] === 0x42 &&
  bytes[1] === 0x4d &&
  bytes.subarray(6, 10).every(byte => byte === 0) &&
  [12, 40, 52, 56, 64, 108, 124].includes(bytes[14]!) &&
  bytes.subarray(15, 18).every(byte => byte === 0)

/** Throws an ImageError if the file is cut off, or is of a kind that is not read. */
export const readBmpHeader = (bmp: Buffer): BmpHeader => {
  const { height, width, channels } = readLayout(bmp)
  return { height, width, channels }
}

/** Pixels [height, width, channels]; grey is the brightness of JPEG. Throws an ImageError as `readBmpHeader`. */
export function decodeBmp(bmp: Buffer, channels: 1 | 3 | 4): Uint8Array {
  const layout = readLayout(bmp)
  const { height, width, bits, dataOffset, isTopDown, palette } = layout
  const pixels = new Uint8Array(height * width * channels)
  const stride = rowBytes(width, bits)
  const color = new Uint8Array(3)
  for (let row = 0; row < height; row++) {
    const start = dataOffset + (isTopDown ? row : height - 1 - row) * stride
    for (let column = 0; column < width; column++) {
      if (palette) {
        const number = paletteNumber(bmp, start, column, bits)
        for (let i = 0; i < 3; i++) color[i] = palette[3 * number + i] ?? 0
      } else readColor(bmp, start + (column * bits) / 8, layout, color)
      writePixel(pixels, (row * width + column) * channels, channels, color)
    }
  }
  return pixels
}

function writePixel(pixels: Uint8Array, at: number, channels: number, color: Uint8Array): void {
  const [red, green, blue] = color as unknown as [number, number, number]
  if (channels === 1) {
    pixels[at] = Math.floor(0.299 * red + 0.587 * green + 0.114 * blue + 0.5)
    return
  }
  pixels[at] = red
  pixels[at + 1] = green
  pixels[at + 2] = blue
  if (channels === 4) pixels[at + 3] = 255
}

const rowBytes = (width: number, bits: number) => 4 * Math.ceil((width * bits) / 32)

function readLayout(bmp: Buffer): BmpLayout {
  const headerBytes = bmp.readUInt32LE(14)
  const isOld = headerBytes === 12
  if (bmp.length < 14 + headerBytes) throw new ImageError('the BMP ends within its header')
  const width = isOld ? bmp.readUInt16LE(18) : bmp.readInt32LE(18)
  const signedHeight = isOld ? bmp.readUInt16LE(20) : bmp.readInt32LE(22)
  const [bits, compression] = isOld
    ? [bmp.readUInt16LE(24), 0]
    : [bmp.readUInt16LE(28), bmp.readUInt32LE(30)]
  const height = Math.abs(signedHeight)
  if (width < 1 || height < 1) throw new ImageError(`the BMP is ${height} x ${width} pixels`)
  if (![0, 3, 6].includes(compression) || ![1, 4, 8, 16, 24, 32].includes(bits)) {
    throw new ImageError(
      `the BMP has ${bits} bits per pixel with compression ${compression}, which is not read: save it without compression, or as PNG`,
    )
  }
  const dataOffset = bmp.readUInt32LE(10)
  const expected = dataOffset + height * rowBytes(width, bits)
  if (expected > bmp.length) {
    throw new ImageError(
      `the BMP ends in the middle: it has ${bmp.length} bytes, and its header promises ${expected}`,
    )
  }
  const tableAt = 14 + headerBytes
  const palette = bits <= 8 ? readPalette(bmp.subarray(tableAt, dataOffset), isOld ? 3 : 4) : null
  const masks = compression === 0 ? defaultMasks(bits) : readMasks(bmp)
  const channels = palette && isGrey(palette) ? 1 : 3
  return {
    height,
    width,
    channels,
    isTopDown: signedHeight < 0,
    bits,
    dataOffset,
    palette,
    masks,
  }
}

/** Entries are blue, green, red, and a zero in newer files. */
function readPalette(table: Buffer, entryBytes: number): Uint8Array {
  const entries = Math.min(256, Math.floor(table.length / entryBytes))
  if (entries === 0) throw new ImageError('the BMP is damaged: it has no palette')
  const palette = new Uint8Array(3 * entries)
  for (let entry = 0; entry < entries; entry++) {
    for (let i = 0; i < 3; i++) palette[3 * entry + i] = table[entry * entryBytes + 2 - i]!
  }
  return palette
}

function isGrey(palette: Uint8Array): boolean {
  for (let at = 0; at < palette.length; at += 3) {
    if (palette[at] !== palette[at + 1] || palette[at] !== palette[at + 2]) return false
  }
  return true
}

const defaultMasks = (bits: number) =>
  bits === 16 ? [0x7c00, 0x03e0, 0x001f] : [0xff0000, 0x00ff00, 0x0000ff]

/** They follow a header of 40 bytes, and belong to longer ones at the same place. */
function readMasks(bmp: Buffer): number[] {
  if (bmp.length < 66) throw new ImageError('the BMP ends within its header')
  const masks = [54, 58, 62].map(at => bmp.readUInt32LE(at))
  if (masks.includes(0)) throw new ImageError('the BMP is damaged: a colour has no bits')
  return masks
}

function paletteNumber(bmp: Buffer, start: number, column: number, bits: number): number {
  if (bits === 8) return bmp[start + column]!
  const perByte = 8 / bits
  const byte = bmp[start + Math.floor(column / perByte)]!
  const shift = 8 - bits * ((column % perByte) + 1)
  return (byte >> shift) & ((1 << bits) - 1)
}

function readColor(bmp: Buffer, at: number, { bits, masks }: BmpLayout, color: Uint8Array): void {
  const value = bmp.readUIntLE(at, bits / 8)
  for (let i = 0; i < 3; i++) {
    const mask = masks[i]!
    const shift = 31 - Math.clz32(mask & -mask)
    const largest = mask >>> shift
    color[i] = Math.round((255 * ((value & mask) >>> shift)) / largest)
  }
}
