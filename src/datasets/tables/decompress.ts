import zlib from 'node:zlib'
import type { CompressionCodec } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { decodeZstd } from '../zstd/inflate-zstd.js'

type Decompress = (bytes: Uint8Array, length: number) => Uint8Array

/** Since Node 22.15, several times as fast as our own decoder. */
const nativeZstd = (
  zlib as { zstdDecompressSync?: (bytes: Uint8Array, options: object) => Uint8Array }
).zstdDecompressSync

const codecs: Readonly<Partial<Record<CompressionCodec, Decompress>>> = {
  UNCOMPRESSED: bytes => bytes,
  SNAPPY: (bytes, length) => compressors.SNAPPY!(bytes, length),
  GZIP: (bytes, length) => zlib.gunzipSync(bytes, { maxOutputLength: Math.max(1, length) }),
  BROTLI: (bytes, length) =>
    zlib.brotliDecompressSync(bytes, { maxOutputLength: Math.max(1, length) }),
  ZSTD: (bytes, length) =>
    nativeZstd
      ? nativeZstd(bytes, { maxOutputLength: Math.max(1, length) })
      : decodeZstd(bytes, length),
  LZ4: (bytes, length) => compressors.LZ4!(bytes, length),
  LZ4_RAW: (bytes, length) => compressors.LZ4_RAW!(bytes, length),
}

export const isKnownCodec = (codec: string): boolean => Object.hasOwn(codecs, codec)

/** Returns `length` bytes, or throws if the compressed ones make others. */
export function decompress(codec: CompressionCodec, bytes: Uint8Array, length: number): Uint8Array {
  if (length === 0) return new Uint8Array(0)
  const page = codecs[codec]!(bytes, length)
  if (page.length === length) return page
  throw new Error(`the page has ${page.length} bytes instead of the ${length} that its header says`)
}
