import { crc32c } from '@node-rs/crc32'

const maskedCrc32c = (bytes: Uint8Array) => {
  const crc = crc32c(Buffer.from(bytes))
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
}

export function tfRecordFile(records: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(
    records.flatMap(record => {
      const header = Buffer.alloc(12)
      header.writeBigUInt64LE(BigInt(record.length))
      header.writeUInt32LE(maskedCrc32c(header.subarray(0, 8)), 8)
      const footer = Buffer.alloc(4)
      footer.writeUInt32LE(maskedCrc32c(record))
      return [header, record, footer]
    }),
  )
}

/** A tf.Example with an `image` (under 100 bytes) and a `label` (under 128), encoded by hand. */
export function imageExample(image: Uint8Array, label: number): Uint8Array {
  const field = (number: number, bytes: Uint8Array) =>
    Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes])
  const feature = (name: string, value: Uint8Array) =>
    field(1, Buffer.concat([field(1, Buffer.from(name)), field(2, value)]))
  return field(
    1,
    Buffer.concat([
      feature('image', field(1, field(1, image))),
      feature('label', field(3, field(1, Buffer.from([label])))),
    ]),
  )
}
