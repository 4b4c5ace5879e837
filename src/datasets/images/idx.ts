// IDX, the format of MNIST: 0, 0, type, number of dimensions, each dimension (uint32), the elements;
// big-endian (http://yann.lecun.com/exdb/mnist/).

import { type FileLocation, fileError } from '../errors.js'
import type { InputFile } from '../input-file.js'
import type { DatasetLimits } from '../limits.js'
import { checkDeclared, validateShape } from './dimensions.js'
import type { ImageForm } from './image-form.js'
import type { ImageShape, ImageSource, Sample } from './image-source.js'

const unsignedByte = 0x08
const elementTypes = new Set([unsignedByte, 0x09, 0x0b, 0x0c, 0x0d, 0x0e])

export const isIdxHeader = (bytes: Buffer): boolean =>
  bytes.length >= 4 &&
  bytes[0] === 0 &&
  bytes[1] === 0 &&
  elementTypes.has(bytes[2]!) &&
  bytes[3]! < 8

/** True if the file is as long as its header says. */
export function hasIdxSize(file: InputFile): boolean {
  const rank = file.read(0, 4)[3]!
  const header = file.read(0, 4 + 4 * rank)
  if (header.length < 4 + 4 * rank) return false
  let elements = 1
  for (let axis = 0; axis < rank; axis++) elements *= header.readUInt32BE(4 + 4 * axis)
  return file.size === 4 + 4 * rank + elements
}

interface IdxFile {
  file: InputFile
  dimensions: number[]
  /** Byte offset of the first element. */
  dataOffset: number
}

export function openIdx(files: InputFile[], form: ImageForm, limits: DatasetLimits): ImageSource {
  checkFormOf(files[0]!, form)
  const idxFiles = files.map(readHeader)
  const images = idxFiles.find(part => part.dimensions.length >= 3)
  const labels = idxFiles.find(part => part.dimensions.length === 1)
  if (!images || !labels || idxFiles.length !== 2) {
    const found = idxFiles.map(({ file, dimensions }) => `${file.name} [${dimensions.join(', ')}]`)
    const detail = `expected one IDX file of images [n, height, width] or [n, height, width, channels] and one of labels [n], found ${found.join(', ')}`
    throw fileError('DATASET_FORMAT', { file: files[0]!.name }, detail)
  }
  const [records, height, width, channels = 1] = images.dimensions as [number, number, number]
  const location = { file: images.file.name, byte: 8 }
  checkDeclared(form.dimensions, { height, width, channels }, location, 'the form')
  const shape = validateShape(location, { height, width, channels }, limits)
  checkRecordCount(images, labels, limits)
  return new IdxSource(images, labels, shape, records, form.labels)
}

function checkFormOf(file: InputFile, { features, pixelType, pixelRange }: ImageForm): void {
  const wrong = features
    ? 'features does not go with IDX files'
    : pixelType === 'float32' || pixelRange
      ? 'the elements are unsigned bytes, not float32'
      : null
  if (wrong) throw fileError('DATASET_FORMAT', { file: file.name }, wrong)
}

function readHeader(file: InputFile): IdxFile {
  const magic = file.read(0, 4)
  const [type, rank] = [magic[2]!, magic[3]!]
  if (type !== unsignedByte) {
    const detail = `the elements have type 0x0${type.toString(16)}, expected unsigned bytes (0x08)`
    throw fileError('DATASET_FORMAT', { file: file.name, byte: 2 }, detail)
  }
  if (![1, 3, 4].includes(rank)) {
    const detail = `the array has ${rank} dimensions, expected 3 or 4 for images and 1 for labels`
    throw fileError('DATASET_FORMAT', { file: file.name, byte: 3 }, detail)
  }
  const dataOffset = 4 + 4 * rank
  const header = file.read(0, dataOffset)
  if (header.length < dataOffset) {
    const detail = `the file ends within the header of ${dataOffset} bytes`
    throw fileError('DATASET_TRUNCATED', { file: file.name, byte: header.length }, detail)
  }
  const dimensions = Array.from({ length: rank }, (_, axis) => header.readUInt32BE(4 + 4 * axis))
  checkFileSize({ file, dimensions, dataOffset })
  return { file, dimensions, dataOffset }
}

/** A product of wrong lengths may exceed 2^53, but then it also exceeds the size of every file. */
function checkFileSize({ file, dimensions, dataOffset }: IdxFile): void {
  const [records, ...recordShape] = dimensions as [number, ...number[]]
  const recordBytes = recordShape.reduce((product, length) => product * length, 1)
  const expected = dataOffset + records * recordBytes
  if (records === 0 || recordBytes === 0) {
    const detail = `the dimensions [${dimensions.join(', ')}] hold nothing`
    throw fileError('DATASET_EMPTY', { file: file.name, byte: 4 }, detail)
  }
  const sizeMismatch = `the dimensions [${dimensions.join(', ')}] need ${expected} bytes, found ${file.size}`
  if (file.size < expected) {
    const record = Math.floor((file.size - dataOffset) / recordBytes)
    throw fileError('DATASET_TRUNCATED', { file: file.name, record, byte: file.size }, sizeMismatch)
  }
  if (file.size > expected) {
    throw fileError('DATASET_TRAILING_BYTES', { file: file.name, byte: expected }, sizeMismatch)
  }
}

function checkRecordCount(images: IdxFile, labels: IdxFile, limits: DatasetLimits): void {
  const records = images.dimensions[0]!
  if (records !== labels.dimensions[0]) {
    const detail = `${labels.dimensions[0]} labels for ${records} images in ${images.file.name}`
    throw fileError('DATASET_SIZE_MISMATCH', { file: labels.file.name, byte: 4 }, detail)
  }
  if (records > limits.records) {
    const detail = `${records} records, expected at most ${limits.records}`
    throw fileError('DATASET_TOO_LARGE', { file: images.file.name, byte: 4 }, detail)
  }
}

class IdxSource implements ImageSource {
  private readonly bytesPerImage: number

  constructor(
    private readonly images: IdxFile,
    private readonly labels: IdxFile,
    readonly shape: ImageShape,
    readonly records: number,
    readonly classNames: readonly string[] | null,
  ) {
    this.bytesPerImage = shape.height * shape.width * shape.channels
  }

  read(record: number): Sample {
    const { images, labels, bytesPerImage } = this
    return {
      image: images.file.read(images.dataOffset + record * bytesPerImage, bytesPerImage),
      label: labels.file.read(labels.dataOffset + record, 1)[0]!,
    }
  }

  location(record: number): FileLocation {
    return { file: this.labels.file.name, record, byte: this.labels.dataOffset + record }
  }
}
