// The TFRecord format (tensorflow/core/lib/io/record_writer.h): length (uint64), masked CRC-32C of the
// length, data, masked CRC-32C of the data; all little-endian.
import { crc32c } from '@node-rs/crc32'

export const headerBytes = 12
export const footerBytes = 4

/** Of data that may be in several parts. */
export function maskedCrc(...parts: readonly Uint8Array[]): number {
  const crc = parts.reduce((sum, part) => crc32c(part, sum), 0)
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
}

/** The bytes before and after the data of a record, which may be in several parts. */
export function recordFrame(...parts: readonly Uint8Array[]): { header: Buffer; footer: Buffer } {
  const header = Buffer.alloc(headerBytes)
  header.writeBigUInt64LE(BigInt(parts.reduce((sum, { length }) => sum + length, 0)))
  header.writeUInt32LE(maskedCrc(header.subarray(0, 8)), 8)
  const footer = Buffer.alloc(footerBytes)
  footer.writeUInt32LE(maskedCrc(...parts))
  return { header, footer }
}
