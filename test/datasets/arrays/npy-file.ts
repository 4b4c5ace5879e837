/** An NPY file with a header of any text. */
export function npy(
  header: string,
  data: Uint8Array,
  { version = 2, length }: { version?: number; length?: number } = {},
): Buffer {
  const text = Buffer.from(`${header}\n`, 'latin1')
  const start = Buffer.alloc(version === 1 ? 10 : 12)
  start.write('\x93NUMPY', 'latin1')
  start[6] = version
  if (version === 1) start.writeUInt16LE(length ?? text.length, 8)
  else start.writeUInt32LE(length ?? text.length, 8)
  return Buffer.concat([start, text, data])
}

/** An NPY file of unsigned bytes. */
export const uint8Npy = (shape: readonly number[], data: Uint8Array): Buffer =>
  npy(`{'descr': '|u1', 'fortran_order': False, 'shape': (${shape.join(', ')},), }`, data)
