// The TFRecord format (tensorflow/core/lib/io/record_writer.h): length (uint64), masked CRC-32C of the
// length, data, masked CRC-32C of the data; all little-endian.
import { crc32c } from '@node-rs/crc32'

export const headerBytes = 12
export const footerBytes = 4

export function maskedCrc(data: Uint8Array): number {
  const crc = crc32c(data)
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
}

/** The bytes before and after the data of a record. */
export function recordFrame(data: Uint8Array): { header: Buffer; footer: Buffer } {
  const header = Buffer.alloc(headerBytes)
  header.writeBigUInt64LE(BigInt(data.length))
  header.writeUInt32LE(maskedCrc(header.subarray(0, 8)), 8)
  const footer = Buffer.alloc(footerBytes)
  footer.writeUInt32LE(maskedCrc(data))
  return { header, footer }
}
