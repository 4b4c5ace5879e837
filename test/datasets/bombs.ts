// Small files whose headers promise a lot, or that are nested without end.
import { deflateSync } from 'node:zlib'
import { crc32 } from '@node-rs/crc32'
import { maskedCrc } from '../../src/formats/tfrecord.js'

function chunk(type: string, data: Uint8Array): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const frame = Buffer.alloc(8)
  frame.writeUInt32BE(data.length, 0)
  frame.writeUInt32BE(crc32(named), 4)
  return Buffer.concat([frame.subarray(0, 4), named, frame.subarray(4)])
}

/** A PNG of grey pixels with this header, whose rows inflate to these bytes. */
export function png(height: number, width: number, rows: Uint8Array): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header[8] = 8
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

/** A JPEG that has nothing but a frame header. */
export function jpegHeader(height: number, width: number): Buffer {
  const frame = Buffer.from([0xff, 0xc0, 0, 11, 8, 0, 0, 0, 0, 1, 1, 0x11, 0])
  frame.writeUInt16BE(height, 5)
  frame.writeUInt16BE(width, 7)
  return Buffer.concat([Buffer.from([0xff, 0xd8]), frame, Buffer.from([0xff, 0xd9])])
}

/** A GIF of one frame of this size, with the data of two pixels. */
export function gif(height: number, width: number): Buffer {
  const screen = Buffer.from([0, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 255, 255, 255])
  screen.writeUInt16LE(width, 0)
  screen.writeUInt16LE(height, 2)
  const frame = Buffer.from([0x2c, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 0x44, 1, 0])
  frame.writeUInt16LE(width, 5)
  frame.writeUInt16LE(height, 7)
  return Buffer.concat([Buffer.from('GIF89a'), screen, frame, Buffer.from([0x3b])])
}

/** A BMP of 24 bits with this header and no pixels. */
export function bmp(height: number, width: number): Buffer {
  const file = Buffer.alloc(58)
  file.write('BM', 'latin1')
  file.writeUInt32LE(file.length, 2)
  file.writeUInt32LE(54, 10)
  file.writeUInt32LE(40, 14)
  file.writeInt32LE(width, 18)
  file.writeInt32LE(height, 22)
  file.writeUInt16LE(1, 26)
  file.writeUInt16LE(24, 28)
  return file
}

/** A lossless WebP with this header and no pixels. */
export function webp(height: number, width: number): Buffer {
  const bits = (width - 1) | ((height - 1) << 14)
  const data = Buffer.from([0x2f, 0, 0, 0, 0, 0])
  data.writeInt32LE(bits, 1)
  const riff = Buffer.alloc(20)
  riff.write('RIFF', 'latin1')
  riff.writeUInt32LE(12 + data.length, 4)
  riff.write('WEBPVP8L', 8, 'latin1')
  riff.writeUInt32LE(data.length, 16)
  return Buffer.concat([riff, data])
}

/** A record whose header has a valid checksum and any length. */
export function recordOfLength(length: bigint, data: Uint8Array): Buffer {
  const header = Buffer.alloc(12)
  header.writeBigUInt64LE(length)
  header.writeUInt32LE(maskedCrc(header.subarray(0, 8)), 8)
  const footer = Buffer.alloc(4)
  footer.writeUInt32LE(maskedCrc(data))
  return Buffer.concat([header, data, footer])
}
