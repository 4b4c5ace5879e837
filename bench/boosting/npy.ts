// NumPy's .npy format, version 1.0, for float32 in C order:
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
import { closeSync, openSync, readSync, writeSync } from 'node:fs'

export function writeNpy(path: string, values: Float32Array, shape: readonly number[]): void {
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(', ')},), }`
  const head = Buffer.from('\x93NUMPY\x01\x00\x00\x00', 'latin1')
  // the format aligns values to 64 bytes
  const text = header.padEnd(
    Math.ceil((head.length + header.length + 1) / 64) * 64 - head.length - 1,
  )
  head.writeUInt16LE(text.length + 1, 8)
  const file = openSync(path, 'wx')
  writeSync(file, Buffer.concat([head, Buffer.from(`${text}\n`)]))
  const bytes = bytesOf(values)
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at, bytes.length - at)
  closeSync(file)
}

/** Fills `into` with the first values of the file, and returns it. */
export function readNpy(path: string, into: Float32Array): Float32Array {
  const file = openSync(path, 'r')
  const head = Buffer.alloc(10)
  readSync(file, head, 0, 10, 0)
  const begin = 10 + head.readUInt16LE(8)
  const bytes = bytesOf(into)
  for (let at = 0; at < bytes.length; ) {
    const read = readSync(file, bytes, at, bytes.length - at, begin + at)
    if (read === 0) throw new Error(`${path} has fewer than ${into.length} values`)
    at += read
  }
  closeSync(file)
  return into
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array) =>
  new Uint8Array(buffer, byteOffset, byteLength)
