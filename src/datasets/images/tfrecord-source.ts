import { fileError, type Place } from '../errors.js'
import type { InputFile } from '../input-file.js'
import type { Limits } from '../limits.js'
import { checkedShape, checkStated, rawDimensions } from './dimensions.js'
import { looksEncoded, readEncodedHeader } from './encoded-image.js'
import { decodeExample, ExampleError, type ImageExample } from './example.js'
import type { Dimensions, ImageShape, ImageSource, Sample } from './image-source.js'
import { RecordIndex } from './record-index.js'
import { readRecord } from './tfrecord-reader.js'

/** Finds every record by its header, and the set's shape in the first one. */
export function openTfrecords(
  files: InputFile[],
  given: Partial<Dimensions>,
  limits: Limits,
): ImageSource {
  const index = new RecordIndex(files, limits)
  const first = exampleAt(index, 0, limits)
  const { place } = index.find(0)
  const encoding = encodingOf(first, { ...first.stated, ...given })
  const found =
    encoding === 'encoded'
      ? encodedShape(first, given, place)
      : rawShape(first.image.length, { ...first.stated, ...given }, place)
  return new TfrecordSource(index, limits, encoding, checkedShape(place, found, limits))
}

function exampleAt(index: RecordIndex, record: number, { recordBytes }: Limits): ImageExample {
  const { file, place } = index.find(record)
  const data = readRecord(file, place.record, place.byte, recordBytes)
  try {
    return decodeExample(data)
  } catch (error) {
    if (!(error instanceof ExampleError)) throw error
    throw fileError('DATASET_FORMAT', place, error.message, error)
  }
}

/** Pixels may begin like a JPEG by chance; their count tells them apart where the size is known. */
function encodingOf({ image }: ImageExample, { height, width, channels }: Partial<Dimensions>) {
  const isRaw = height && width && image.length === height * width * (channels ?? 1)
  return !isRaw && looksEncoded(image) ? 'encoded' : 'raw'
}

function encodedShape(first: ImageExample, given: Partial<Dimensions>, place: Place): Dimensions {
  const header = readEncodedHeader(first.image)
  if (!header) throw fileError('DATASET_FORMAT', place, 'the image is a damaged PNG or JPEG')
  const channels = given.channels ?? first.stated.channels ?? header.channels
  if (channels !== 1 && channels !== 3) {
    const trouble = `PNG and JPEG decode to 1 or 3 channels, not ${channels}`
    throw fileError('DATASET_SIZE_MISMATCH', place, trouble)
  }
  const shape = { ...header, channels }
  checkStated(given, shape, place, 'the form')
  return shape
}

function rawShape(bytes: number, known: Partial<Dimensions>, place: Place): Dimensions {
  if (bytes === 0) throw fileError('DATASET_EMPTY', place, 'the image has no bytes')
  const shape = rawDimensions(bytes, known)
  if (!('missing' in shape)) return shape
  const fields = shape.missing.map(name => `'${name}'`).join(', ')
  const trouble = `the image has ${bytes} bytes, which says too little of its size: add the form fields ${fields}`
  throw fileError('DATASET_DIMENSIONS', place, trouble)
}

class TfrecordSource implements ImageSource {
  readonly records: number

  constructor(
    private readonly index: RecordIndex,
    private readonly limits: Limits,
    readonly encoding: 'raw' | 'encoded',
    readonly shape: ImageShape,
  ) {
    this.records = index.records
  }

  place(record: number): Place {
    return this.index.find(record).place
  }

  read(record: number): Sample {
    const example = exampleAt(this.index, record, this.limits)
    if (this.encoding === 'raw') this.checkRaw(record, example)
    else this.checkEncoded(record, example)
    return example
  }

  private checkRaw(record: number, { image, stated }: ImageExample): void {
    const { height, width, channels } = this.shape
    checkStated(stated, this.shape, this.place(record), 'the record')
    const expected = height * width * channels
    if (image.length !== expected) {
      const trouble = `the image has ${image.length} bytes, expected ${height} x ${width} x ${channels} = ${expected}`
      throw fileError('DATASET_SIZE_MISMATCH', this.place(record), trouble)
    }
  }

  private checkEncoded(record: number, { image, stated }: ImageExample): void {
    const header = readEncodedHeader(image)
    if (!header) {
      const trouble = 'the image is no PNG or JPEG, or a damaged one; the first record is one'
      throw fileError('DATASET_FORMAT', this.place(record), trouble)
    }
    // The graph decodes every image to the set's channels, so a grey one among colours is welcome
    const { height, width } = header
    const found = { ...header, channels: stated.channels ?? this.shape.channels }
    checkStated(stated, found, this.place(record), 'the record')
    if (height !== this.shape.height || width !== this.shape.width) {
      const trouble = `the image is ${height} x ${width}, expected ${this.shape.height} x ${this.shape.width} as in the first record`
      throw fileError('DATASET_SIZE_MISMATCH', this.place(record), trouble)
    }
  }
}
