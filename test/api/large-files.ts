// Files as large as a prediction takes, of very many parts: reading their structure must not take long.
import { crc32 } from '@node-rs/crc32'
import { tableFromArrays, tableToIPC } from 'apache-arrow'
import { PNG } from 'pngjs'
import type { LargeBody } from './large-requests.js'

const bytes = 32 * 2 ** 20 - 1024

const fill = (start: Uint8Array, part: Uint8Array): Buffer => {
  const rest = Buffer.alloc(bytes - start.length, part)
  return Buffer.concat([start, rest.subarray(0, rest.length - (rest.length % part.length))])
}

function pngOfChunks(): Buffer {
  const png = PNG.sync.write(new PNG({ width: 2, height: 2 }))
  const chunk = Buffer.from('\0\0\0\0tEXt\0\0\0\0', 'latin1')
  chunk.writeUInt32BE(crc32('tEXt'), 8)
  // after the header
  return fill(png.subarray(0, 33), chunk)
}

const jpegHead = Buffer.from('ffd8ffe000044a46ffc0000b080002000201011100', 'hex')

const jpegOfSegments = () => fill(jpegHead, Buffer.from('fffe0002', 'hex'))
const jpegOfOneScan = () =>
  fill(Buffer.concat([jpegHead, Buffer.from('ffda0002', 'hex')]), Buffer.from('ff00', 'hex'))

function webpOfChunks(): Buffer {
  const head = Buffer.from('RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\x01\0\0\x01\0\0', 'latin1')
  const webp = fill(head, Buffer.from('ABCD\0\0\0\0', 'latin1'))
  webp.writeUInt32LE(webp.length - 8, 4)
  return webp
}

/** A schema, and the same batch again and again. */
function arrowOfBatches(): Buffer {
  const stream = tableToIPC(tableFromArrays({ c1: Float64Array.of(1) }), 'stream')
  const schemaEnd = 8 + Buffer.from(stream).readInt32LE(4)
  return fill(stream.subarray(0, schemaEnd), stream.subarray(schemaEnd, stream.length - 8))
}

/** By the beginning of the media type. */
const filesByType: Readonly<Record<string, Readonly<Record<string, () => Buffer>>>> = {
  'image/png': { 'a PNG of many chunks': pngOfChunks },
  'image/jpeg': { 'a JPEG of many segments': jpegOfSegments, 'a JPEG of one scan': jpegOfOneScan },
  'image/webp': { 'a WebP of many chunks': webpOfChunks },
  'application/vnd.apache.arrow.stream': { 'Arrow of many batches': arrowOfBatches },
}

export const largeFiles = (type: string): LargeBody[] =>
  Object.entries(filesByType[type] ?? {}).map(([what, body]) => ({ what, body }))
