// NPY, NumPy's format of one array (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html):
// \x93NUMPY, version, length of the header, the header as a Python dictionary, the elements.
import { truncate } from '../../errors.js'
import { type FileLocation, fileError } from '../errors.js'
import type { InputFile } from '../input-file.js'
import { type ArrayType, parseArrayType } from './npy-type.js'
import { LiteralError, type PythonLiteral, parsePythonLiteral } from './python-literal.js'

const magic = Buffer.from('\x93NUMPY', 'latin1')

export const isNpyHeader = (bytes: Uint8Array): boolean => magic.equals(bytes.subarray(0, 6))

/** NumPy's limit is 10,000; a record of many fields takes more. */
const maxHeaderBytes = 2 ** 20

/** NumPy's limit. */
const maxRank = 64

/** Rows are read in blocks of this size, or one by one if they are larger. */
const blockBytes = 2 ** 20

/** Arrays in Fortran order are read in larger blocks, since each of their columns is one read. */
const fortranBlockBytes = 32 * 2 ** 20

/** With shorter reads of a column, a large array in Fortran order would take hours. */
const minFortranRead = 128

/** An array that is read row by row; a row is what has one index on the first axis. */
export class NpyArray {
  /** Number of elements of a row. */
  readonly rowItems: number
  readonly rowBytes: number
  private readonly blockRows: number
  private readonly readBlock: (first: number, count: number) => Buffer
  private block: Buffer = Buffer.alloc(0)
  private blockStart = 0
  private blockEnd = 0

  constructor(
    /** The name in the NPZ, or the file's, without its ending. */
    readonly name: string,
    readonly location: FileLocation,
    readonly shape: readonly number[],
    readonly type: ArrayType,
    private readonly file: InputFile,
    /** Byte of the file at which the first element begins. */
    private readonly dataOffset: number,
    isFortran: boolean,
  ) {
    this.rowItems = shape.slice(1).reduce((product, length) => product * length, 1)
    this.rowBytes = this.rowItems * type.itemBytes
    const target = isFortran ? fortranBlockBytes : blockBytes
    this.blockRows = Math.min(this.rows, Math.max(1, Math.floor(target / this.rowBytes)))
    this.readBlock = isFortran
      ? this.openFortran()
      : (first, count) => file.read(dataOffset + first * this.rowBytes, count * this.rowBytes)
  }

  get rows(): number {
    return this.shape[0]!
  }

  /** The elements of a row in C order, in the byte order of the file. The next read overwrites them. */
  readRow(row: number): Buffer {
    if (row < this.blockStart || row >= this.blockEnd) {
      this.blockStart = row
      this.blockEnd = Math.min(this.rows, row + this.blockRows)
      this.block = this.readBlock(row, this.blockEnd - row)
    }
    const start = (row - this.blockStart) * this.rowBytes
    return this.block.subarray(start, start + this.rowBytes)
  }

  /** Releases the file; the next read opens it again. */
  close(): void {
    this.block = Buffer.alloc(0)
    this.blockEnd = 0
    this.file.close()
  }

  /** The place of a row, for messages. */
  rowLocation(row: number): FileLocation {
    return { ...this.location, record: row }
  }

  /** `[60000, 28, 28] of uint8`. */
  describe(): string {
    const { element, fields } = this.type
    return `[${this.shape.join(', ')}] of ${element ? element.name : `records of ${fields.length} fields`}`
  }

  /** Reads columns of a block, and puts their elements in C order. */
  private openFortran(): (first: number, count: number) => Buffer {
    const { rows, rowItems, rowBytes, blockRows, file, dataOffset } = this
    const size = this.type.itemBytes
    const isWhole = blockRows === rows
    if (!isWhole && blockRows * size < minFortranRead) {
      const detail = `the array ${this.describe()} is in Fortran order, in which rows this long are far apart: save it by numpy.ascontiguousarray`
      throw fileError('DATASET_TOO_LARGE', this.location, detail)
    }
    const targets = cOrderOf(this.shape.slice(1))
    const block = Buffer.alloc(blockRows * rowBytes)
    return (first, count) => {
      const whole = isWhole ? file.read(dataOffset, rows * rowBytes) : null
      for (let column = 0; column < rowItems; column++) {
        const start = (column * rows + first) * size
        const cells = whole
          ? whole.subarray(start, start + count * size)
          : file.read(dataOffset + start, count * size)
        let to = targets[column]! * size
        for (let from = 0; from < cells.length; from += size, to += rowBytes) {
          for (let byte = 0; byte < size; byte++) block[to + byte] = cells[from + byte]!
        }
      }
      return block
    }
  }
}

/** For each element of a row in Fortran order (the first axis varies fastest), its position in C order. */
function cOrderOf(shape: readonly number[]): Int32Array {
  const items = shape.reduce((product, length) => product * length, 1)
  const strides = shape.map((_, axis) =>
    shape.slice(axis + 1).reduce((product, length) => product * length, 1),
  )
  const targets = new Int32Array(items)
  const index = shape.map(() => 0)
  for (let item = 0, at = 0; item < items; item++) {
    targets[item] = at
    for (let axis = 0; axis < shape.length; axis++) {
      at += strides[axis]!
      if (++index[axis]! < shape[axis]!) break
      at -= strides[axis]! * shape[axis]!
      index[axis] = 0
    }
  }
  return targets
}

/** Reads the header, and checks that the file has as many bytes as it says. Throws if it is no such array. */
export function openNpy(name: string, file: InputFile, location: FileLocation): NpyArray {
  const { text, dataOffset } = readHeaderText(file, location)
  const header = parseHeader(text, location)
  const type = parseArrayType(header.descr)
  if (typeof type === 'string') throw fileError('DATASET_FORMAT', location, type)
  const { shape } = header
  const shapeText = `the shape (${shape.join(', ')})`
  if (shape.length === 0) {
    throw fileError('DATASET_FORMAT', location, 'the array is a single value, and has no rows')
  }
  // a product of wrong lengths may exceed 2^53, but then it also exceeds the size of every file
  const bytes = shape.reduce((product, length) => product * length, type.itemBytes)
  if (bytes === 0) throw fileError('DATASET_EMPTY', location, `${shapeText} holds nothing`)
  const expected = dataOffset + bytes
  const mismatch = `${shapeText} of ${type.itemBytes} bytes each needs ${expected} bytes with the header, found ${file.size}`
  if (file.size < expected) {
    throw fileError('DATASET_TRUNCATED', { ...location, byte: file.size }, mismatch)
  }
  if (file.size > expected) {
    const detail = `${mismatch}; a file has one array: save several by numpy.savez`
    throw fileError('DATASET_TRAILING_BYTES', { ...location, byte: expected }, detail)
  }
  // if at most one axis is longer than 1, both orders are the same
  const isFortran = header.isFortran && shape.filter(length => length > 1).length > 1
  return new NpyArray(name, location, shape, type, file, dataOffset, isFortran)
}

function readHeaderText(
  file: InputFile,
  location: FileLocation,
): { text: string; dataOffset: number } {
  const start = Buffer.from(file.read(0, 12))
  if (!isNpyHeader(start)) {
    const detail = `the file begins with ${start.toString('hex', 0, 6)}, expected 934e554d5059 (\\x93NUMPY)`
    throw fileError('DATASET_FORMAT', location, detail)
  }
  const truncated = () =>
    fileError('DATASET_TRUNCATED', { ...location, byte: file.size }, 'the file ends in its header')
  if (start.length < 12) throw truncated()
  const version = start[6]!
  if (version < 1 || version > 3) {
    const detail = `the file has version ${version}.${start[7]} of NPY, expected 1.0, 2.0 or 3.0`
    throw fileError('DATASET_FORMAT', { ...location, byte: 6 }, detail)
  }
  const [length, headerStart] =
    version === 1 ? [start.readUInt16LE(8), 10] : [start.readUInt32LE(8), 12]
  if (length > maxHeaderBytes) {
    const detail = `the header has ${length} bytes, expected at most ${maxHeaderBytes}`
    throw fileError('DATASET_TOO_LARGE', { ...location, byte: 8 }, detail)
  }
  const header = file.read(headerStart, length)
  if (header.length < length) throw truncated()
  return {
    text: header.toString(version === 3 ? 'utf8' : 'latin1'),
    dataOffset: headerStart + length,
  }
}

interface Header {
  descr: PythonLiteral
  isFortran: boolean
  shape: number[]
}

function parseHeader(text: string, location: FileLocation): Header {
  const refused = (detail: string) => {
    const shown = truncate(text.trim(), 100)
    return fileError('DATASET_FORMAT', location, `${detail}: the header is ${shown}`)
  }
  let header: PythonLiteral
  try {
    header = parsePythonLiteral(text)
  } catch (error) {
    if (!(error instanceof LiteralError)) throw error
    throw refused(`${error.message} at character ${error.at} of the header`)
  }
  if (!(header instanceof Map)) throw refused('the header is no dictionary')
  const { descr, fortran_order: isFortran, shape, ...others } = Object.fromEntries(header)
  if (descr === undefined || Object.keys(others).length > 0) {
    throw refused('the header has not the keys descr, fortran_order and shape')
  }
  if (typeof isFortran !== 'boolean') throw refused('fortran_order is neither True nor False')
  const isShape =
    Array.isArray(shape) &&
    shape.length <= maxRank &&
    shape.every(length => typeof length === 'number')
  if (!isShape) throw refused('shape is no tuple of whole numbers')
  return { descr, isFortran, shape: shape as number[] }
}
