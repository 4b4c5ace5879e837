/** The orientations 2 to 8 mean that an image is to be turned or mirrored; 1 is upright. */
export type Orientation = number

/**
 * The tag 0x0112 of the first directory of a TIFF header, as EXIF has it (TIFF 6.0, section 2). An image whose
 * EXIF data is damaged counts as upright, as elsewhere. Some writers put the name `Exif` before the header.
 */
export function exifOrientation(exif: Buffer): Orientation {
  const tiff = exif.toString('latin1', 0, 6) === 'Exif\0\0' ? exif.subarray(6) : exif
  const order = tiff.toString('latin1', 0, 2)
  if (tiff.length < 14 || (order !== 'II' && order !== 'MM')) return 1
  const uint16 = (at: number) => (order === 'II' ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at))
  const directory = order === 'II' ? tiff.readUInt32LE(4) : tiff.readUInt32BE(4)
  if (directory + 2 > tiff.length) return 1
  const entries = uint16(directory)
  for (let entry = 0; entry < entries; entry++) {
    const at = directory + 2 + 12 * entry
    if (at + 12 > tiff.length) return 1
    if (uint16(at) !== 0x0112) continue
    const orientation = uint16(at + 8)
    return orientation >= 1 && orientation <= 8 ? orientation : 1
  }
  return 1
}

/** True for the data of a JPEG's segment APP1 that holds EXIF, and not XMP. */
export const isExifSegment = (app1: Buffer): boolean => app1.toString('latin1', 0, 6) === 'Exif\0\0'
