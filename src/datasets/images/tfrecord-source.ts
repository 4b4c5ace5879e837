import { type FileLocation, fileError } from '../errors.js'
import type { InputFile } from '../input-file.js'
import type { DatasetLimits } from '../limits.js'
import { checkDeclared, inferRawDimensions, validateShape } from './dimensions.js'
import { type EncodedHeader, isEncodedImage, readEncodedHeader } from './encoded-image.js'
import { decodeExample, ExampleError, type ImageExample } from './example.js'
import { ImageError } from './image-error.js'
import type { Dimensions, ImageShape, ImageSource, Sample } from './image-source.js'
import { RecordIndex } from './record-index.js'
import { readRecord } from './tfrecord-reader.js'

/** Finds all records by their headers, and takes the shape of the set from the first one. */
export function openTfrecords(
  files: InputFile[],
  formDimensions: Partial<Dimensions>,
  limits: DatasetLimits,
): ImageSource {
  const index = new RecordIndex(files, limits)
  const first = readExample(index, 0, limits)
  const { location } = index.locate(0)
  const encoding = detectEncoding(first, { ...first.declared, ...formDimensions })
  const found =
    encoding === 'encoded'
      ? resolveEncodedShape(index, limits, first, formDimensions)
      : resolveRawShape(first.image.length, { ...first.declared, ...formDimensions }, location)
  return new TfrecordSource(index, limits, encoding, validateShape(location, found, limits))
}

function readExample(
  index: RecordIndex,
  record: number,
  { recordBytes }: DatasetLimits,
): ImageExample {
  const { file, location } = index.locate(record)
  const data = readRecord(file, location.record, location.byte, recordBytes)
  try {
    return decodeExample(data)
  } catch (error) {
    if (!(error instanceof ExampleError)) throw error
    throw fileError('DATASET_FORMAT', location, error.message, error)
  }
}

/** Raw pixels may begin with JPEG's signature by chance. If the size is known, the byte count decides. */
function detectEncoding({ image }: ImageExample, { height, width, channels }: Partial<Dimensions>) {
  const isRaw = height && width && image.length === height * width * (channels ?? 1)
  return !isRaw && isEncodedImage(image) ? 'encoded' : 'raw'
}

/** Three channels if any image has colour, unless the form or the records say otherwise. */
function resolveEncodedShape(
  index: RecordIndex,
  limits: DatasetLimits,
  first: ImageExample,
  formDimensions: Partial<Dimensions>,
): Dimensions {
  const { location } = index.locate(0)
  const header = readHeader(first.image, location)
  // checked here too, so that a huge image is refused before all others are read
  validateShape(location, header, limits)
  const channels = formDimensions.channels ?? surveyChannels(index, limits)
  if (channels !== 1 && channels !== 3) {
    const detail = `PNG and JPEG decode to 1 or 3 channels, not ${channels}`
    throw fileError('DATASET_SIZE_MISMATCH', location, detail)
  }
  const shape = { height: header.height, width: header.width, channels }
  checkDeclared(formDimensions, shape, location, 'the form')
  return shape
}

/** The most channels that an image has, or that its record says it is to be decoded to. */
function surveyChannels(index: RecordIndex, limits: DatasetLimits): number {
  let channels = 1
  for (let record = 0; record < index.records && channels < 3; record++) {
    const { image, declared } = readExample(index, record, limits)
    if (declared.channels) channels = Math.max(channels, declared.channels)
    else if (isEncodedImage(image)) {
      const { location } = index.locate(record)
      channels = Math.max(channels, readHeader(image, location).channels)
    }
  }
  return channels
}

function readHeader(image: Uint8Array, location: FileLocation): EncodedHeader {
  try {
    return readEncodedHeader(image)
  } catch (error) {
    if (!(error instanceof ImageError)) throw error
    throw fileError('DATASET_IMAGE', location, error.message, error)
  }
}

function resolveRawShape(
  bytes: number,
  known: Partial<Dimensions>,
  location: FileLocation,
): Dimensions {
  if (bytes === 0) throw fileError('DATASET_EMPTY', location, 'the image has no bytes')
  const shape = inferRawDimensions(bytes, known)
  if (!('missing' in shape)) return shape
  const fields = shape.missing.map(name => `'${name}'`).join(', ')
  const detail = `the image has ${bytes} bytes, which says too little of its size: add the form fields ${fields}`
  throw fileError('DATASET_DIMENSIONS', location, detail)
}

class TfrecordSource implements ImageSource {
  readonly records: number

  constructor(
    private readonly index: RecordIndex,
    private readonly limits: DatasetLimits,
    readonly encoding: 'raw' | 'encoded',
    readonly shape: ImageShape,
  ) {
    this.records = index.records
  }

  location(record: number): FileLocation {
    return this.index.locate(record).location
  }

  read(record: number): Sample {
    const example = readExample(this.index, record, this.limits)
    if (this.encoding === 'raw') this.checkRaw(record, example)
    else this.checkEncoded(record, example)
    return example
  }

  private checkRaw(record: number, { image, declared }: ImageExample): void {
    const { height, width, channels } = this.shape
    checkDeclared(declared, this.shape, this.location(record), 'the record')
    const expected = height * width * channels
    if (image.length !== expected) {
      const detail = `the image has ${image.length} bytes, expected ${height} x ${width} x ${channels} = ${expected}`
      throw fileError('DATASET_SIZE_MISMATCH', this.location(record), detail)
    }
  }

  private checkEncoded(record: number, { image, declared }: ImageExample): void {
    if (!isEncodedImage(image)) {
      const detail = 'the image is no PNG or JPEG; the first record is one'
      throw fileError('DATASET_FORMAT', this.location(record), detail)
    }
    const { height, width } = readHeader(image, this.location(record))
    // The graph decodes every image to the channels of the set, whatever the record says.
    const found = { height, width, channels: declared.channels ?? this.shape.channels }
    checkDeclared(declared, found, this.location(record), 'the record')
    if (height !== this.shape.height || width !== this.shape.width) {
      const detail = `the image is ${height} x ${width}, expected ${this.shape.height} x ${this.shape.width} as in the first record`
      throw fileError('DATASET_SIZE_MISMATCH', this.location(record), detail)
    }
  }
}
