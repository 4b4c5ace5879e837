/**
 * Recognizes a file that is no checkpoint by its name or its first bytes. Returns a description for error
 * messages, or undefined if the format is not known.
 */
export function detectUnsupportedFormat(name: string, head: Buffer): string | undefined {
  const byName = unsupportedNames.find(([pattern]) => pattern.test(name))
  if (byName) return byName[1]
  const startsWith = (...bytes: number[]) => bytes.every((byte, i) => head[i] === byte)
  if (startsWith(0x89, 0x48, 0x44, 0x46)) return 'an HDF5 file, as Keras writes'
  if (startsWith(0x50, 0x4b, 0x03, 0x04)) return 'a zip archive, as .keras and PyTorch files are'
  if (startsWith(0x1f, 0x8b)) return 'a gzip archive; unpack it first'
  if (startsWith(0x80) && head[1]! >= 2 && head[1]! <= 5) return 'a pickle'
  if (startsWith(0x93, 0x4e, 0x55, 0x4d)) return 'a NumPy array'
  if (head.length > 8 && head[8] === 0x7b && head.readUInt32LE(4) === 0) return 'a safetensors file'
  return undefined
}

const unsupportedNames: readonly (readonly [RegExp, string])[] = [
  [
    /(^|[/\\])saved_model\.pb(txt)?$/i,
    'a SavedModel, which is a graph; upload the files in its variables folder',
  ],
  [/\.meta$/i, 'a graph (MetaGraph); leave it out'],
  [/\.pb(txt)?$/i, 'a graph; graphs are never taken'],
  [/^checkpoint$/i, 'a list of checkpoints; leave it out'],
]
