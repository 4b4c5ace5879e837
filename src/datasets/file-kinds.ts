/** Signatures of formats that are sent by mistake, as Latin-1. */
const signatures: readonly [signature: string, name: string][] = [
  ['\x1f\x8b', 'gzip within gzip'],
  ['\x1f\x9d', 'a file of compress (.Z)'],
  ['PK\x03\x04', 'a zip archive'],
  ['PK\x05\x06', 'an empty zip archive'],
  ['\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1', 'an old Excel workbook (.xls) or another Office document'],
  ['7z\xbc\xaf\x27\x1c', 'a 7z archive'],
  ['Rar!\x1a\x07', 'a RAR archive'],
  ['!<arch>\n', 'an ar archive'],
  ['PAR1', 'a Parquet file'],
  ['ARROW1\0', 'an Arrow file'],
  ['FEA1', 'a Feather 1 file: write it as Feather 2, which pandas and pyarrow do today'],
  ['Obj\x01', 'an Avro file'],
  ['ORC', 'an ORC file'],
  ['SQLite format 3\0', 'an SQLite database'],
  ['MATLAB 5.0 MAT-file', 'a MATLAB file'],
  ['RDX2\n', 'an R data file'],
  ['RDX3\n', 'an R data file'],
  ['\x93NUMPY', 'a NumPy array'],
  ['\x89HDF', 'an HDF5 file'],
  ['CDF\x01', 'a NetCDF file'],
  ['CDF\x02', 'a NetCDF file'],
  ['\x80\x02', 'a Python pickle'],
  ['\x80\x03', 'a Python pickle'],
  ['\x80\x04', 'a Python pickle'],
  ['\x80\x05', 'a Python pickle'],
  ['%PDF-', 'a PDF document'],
  ['BZh91AY&SY', 'a bzip2 file'],
  ['\xfd7zXZ', 'an xz file'],
  ['\x28\xb5\x2f\xfd', 'a Zstandard file'],
  ['\x04\x22\x4d\x18', 'an LZ4 file'],
  ['\xff\x06\0\0sNaPpY', 'a Snappy file'],
  ['\xff\xfe', 'UTF-16 text'],
  ['\xfe\xff', 'UTF-16 text'],
]

const imageSignatures: readonly [signature: string, name: string][] = [
  ['\x89PNG', 'a PNG image'],
  ['\xff\xd8\xff', 'a JPEG image'],
  ['GIF87a', 'a GIF image'],
  ['GIF89a', 'a GIF image'],
  ['II*\0', 'a TIFF image'],
  ['MM\0*', 'a TIFF image'],
  ['II+\0', 'a TIFF image'],
  ['MM\0+', 'a TIFF image'],
  ['\0\0\0\x0cjP  ', 'a JPEG 2000 image'],
  ['\xff\x0a', 'a JPEG XL image'],
  ['\0\0\0\x0cJXL ', 'a JPEG XL image'],
]

/** The bytes that tell the kind of a file: one block of a tar archive. */
export const kindHeadBytes = 512

/** Names a file of a kind that the server does not read, by its first bytes. */
export function nameForeignFile(head: Buffer): string | null {
  // the header of a table may begin with `ORC` or `PAR1`
  if (isText(head) && !head.subarray(0, 5).equals(Buffer.from('%PDF-'))) return null
  const name = nameBy(signatures, head) ?? nameImage(head)
  return name === 'a Python pickle' ? namePickle(head) : name
}

/** What a pickle holds, by the first bytes, and what can be sent instead. */
function namePickle(head: Buffer): string {
  const text = head.toString('latin1')
  if (/batch_label|filenames|fine_labels/.test(text.slice(0, 64))) {
    return "CIFAR's Python version, a pickle, which could run any program: send the binary version (data_batch_1.bin, train.bin)"
  }
  if (text.includes('pandas')) {
    return 'a Python pickle of pandas, which could run any program: save the table by to_parquet'
  }
  if (text.includes('numpy')) {
    return 'a Python pickle of NumPy, which could run any program: save the arrays by numpy.savez'
  }
  return 'a Python pickle'
}

/** Names an image file by its first bytes. */
export function nameImage(head: Buffer): string | null {
  const text = head.toString('latin1', 0, 16)
  if (/^RIFF.{4}WEBP/s.test(text)) return 'a WebP image'
  if (/^.{4}ftyp(avif|avis)/s.test(text)) return 'an AVIF image'
  if (/^.{4}ftyp(heic|heix|mif1|msf1)/s.test(text)) return 'a HEIC image'
  // `BM` alone may begin a text; the size of the file and two reserved numbers follow
  if (/^BM.{4}\0\0\0\0/s.test(text)) return 'a BMP image'
  return nameBy(imageSignatures, head)
}

/** Names an image of a format that is not read. */
export function nameUnreadImage(head: Buffer): string | null {
  const name = nameImage(head)
  return /\b(TIFF|JPEG 2000|JPEG XL|AVIF|HEIC)\b/.test(name ?? '') ? name : null
}

function nameBy(list: readonly [string, string][], head: Buffer): string | null {
  const text = head.toString('latin1', 0, 32)
  return list.find(([signature]) => text.startsWith(signature))?.[1] ?? null
}

/** True if there are no control characters except tabs and line ends. */
export const isText = (bytes: Uint8Array): boolean =>
  bytes.every(byte => byte >= 32 || byte === 9 || byte === 10 || byte === 13)
