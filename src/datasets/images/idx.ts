// IDX, the format of MNIST: 0, 0, type, number of dimensions, each dimension (uint32), the elements;
// big-endian (http://yann.lecun.com/exdb/mnist/).

import { fileError, type Place } from '../errors.js'
import type { InputFile } from '../input-file.js'
import type { Limits } from '../limits.js'
import { checkedShape, checkStated } from './dimensions.js'
import type { Dimensions, ImageShape, ImageSource, Sample } from './image-source.js'

const unsignedByte = 0x08
const elementTypes = new Set([unsignedByte, 0x09, 0x0b, 0x0c, 0x0d, 0x0e])

export const startsIdx = (bytes: Buffer): boolean =>
  bytes.length >= 4 &&
  bytes[0] === 0 &&
  bytes[1] === 0 &&
  elementTypes.has(bytes[2]!) &&
  bytes[3]! < 8

interface Idx {
  file: InputFile
  dimensions: number[]
  /** Where the elements begin. */
  start: number
}

export function openIdx(
  files: InputFile[],
  given: Partial<Dimensions>,
  limits: Limits,
): ImageSource {
  const parts = files.map(readHeader)
  const images = parts.find(part => part.dimensions.length >= 3)
  const labels = parts.find(part => part.dimensions.length === 1)
  if (!images || !labels || parts.length !== 2) {
    const found = parts.map(({ file, dimensions }) => `${file.name} [${dimensions.join(', ')}]`)
    const trouble = `expected one IDX file of images [n, height, width] or [n, height, width, channels] and one of labels [n], found ${found.join(', ')}`
    throw fileError('DATASET_FORMAT', { file: files[0]!.name }, trouble)
  }
  const [records, height, width, channels = 1] = images.dimensions as [number, number, number]
  const place = { file: images.file.name, byte: 8 }
  checkStated(given, { height, width, channels }, place, 'the form')
  const shape = checkedShape(place, { height, width, channels }, limits)
  checkRecords(images, labels, limits)
  return new IdxSource(images, labels, shape, records)
}

function readHeader(file: InputFile): Idx {
  const magic = file.read(0, 4)
  const [type, rank] = [magic[2]!, magic[3]!]
  if (type !== unsignedByte) {
    const trouble = `the elements have type 0x0${type.toString(16)}, expected unsigned bytes (0x08)`
    throw fileError('DATASET_FORMAT', { file: file.name, byte: 2 }, trouble)
  }
  if (![1, 3, 4].includes(rank)) {
    const trouble = `the array has ${rank} dimensions, expected 3 or 4 for images and 1 for labels`
    throw fileError('DATASET_FORMAT', { file: file.name, byte: 3 }, trouble)
  }
  const start = 4 + 4 * rank
  const header = file.read(0, start)
  if (header.length < start) {
    const trouble = `the file ends within the header of ${start} bytes`
    throw fileError('DATASET_TRUNCATED', { file: file.name, byte: header.length }, trouble)
  }
  const dimensions = Array.from({ length: rank }, (_, axis) => header.readUInt32BE(4 + 4 * axis))
  checkLength({ file, dimensions, start })
  return { file, dimensions, start }
}

/** Products of lengths that lie may pass 2^53, but then they pass every file's size as well. */
function checkLength({ file, dimensions, start }: Idx): void {
  const [records, ...inner] = dimensions as [number, ...number[]]
  const recordBytes = inner.reduce((product, length) => product * length, 1)
  const expected = start + records * recordBytes
  if (records === 0 || recordBytes === 0) {
    const trouble = `the dimensions [${dimensions.join(', ')}] hold nothing`
    throw fileError('DATASET_EMPTY', { file: file.name, byte: 4 }, trouble)
  }
  const sizes = `the dimensions [${dimensions.join(', ')}] need ${expected} bytes, found ${file.bytes}`
  if (file.bytes < expected) {
    const record = Math.floor((file.bytes - start) / recordBytes)
    throw fileError('DATASET_TRUNCATED', { file: file.name, record, byte: file.bytes }, sizes)
  }
  if (file.bytes > expected) {
    throw fileError('DATASET_TRAILING_BYTES', { file: file.name, byte: expected }, sizes)
  }
}

function checkRecords(images: Idx, labels: Idx, limits: Limits): void {
  const records = images.dimensions[0]!
  if (records !== labels.dimensions[0]) {
    const trouble = `${labels.dimensions[0]} labels for ${records} images in ${images.file.name}`
    throw fileError('DATASET_SIZE_MISMATCH', { file: labels.file.name, byte: 4 }, trouble)
  }
  if (records > limits.records) {
    const trouble = `${records} records, expected at most ${limits.records}`
    throw fileError('DATASET_TOO_LARGE', { file: images.file.name, byte: 4 }, trouble)
  }
}

class IdxSource implements ImageSource {
  readonly encoding = 'raw'
  private readonly imageBytes: number

  constructor(
    private readonly images: Idx,
    private readonly labels: Idx,
    readonly shape: ImageShape,
    readonly records: number,
  ) {
    this.imageBytes = shape.height * shape.width * shape.channels
  }

  read(record: number): Sample {
    const { images, labels, imageBytes } = this
    return {
      image: images.file.read(images.start + record * imageBytes, imageBytes),
      label: labels.file.read(labels.start + record, 1)[0]!,
    }
  }

  place(record: number): Place {
    return { file: this.labels.file.name, record, byte: this.labels.start + record }
  }
}
