import { fileError } from '../../errors.js'
import { describeForeignImage } from '../encoded/foreign-image.js'
import { type PixelRange, type PixelType, pixelRanges } from '../image-form.js'
import type { Dimensions } from '../image-source.js'
import type { ImageExample } from './example.js'
import { FloatPixels, inferRange, readFloats } from './float-pixels.js'
import { inferRawLayout, type RawEvidence, type RawLayout, rawEvidence } from './raw-layout.js'
import type { RecordReader } from './record-reader.js'

/** Enough to tell pixels from other data, as long as not all of them are blank. */
const maxSampledRecords = 100

/** The type of the pixels that a list of numbers holds. */
const listTypes = { bytesList: null, floatList: 'float32', int64List: 'uint8' } as const

/** Throws DATASET_DIMENSIONS if type or size of raw pixels remain open, DATASET_IMAGE if they are none. */
export function resolveRawLayout(
  reader: RecordReader,
  first: ImageExample,
  known: Partial<Dimensions>,
  formType: PixelType | null,
): RawLayout {
  const location = reader.location(0)
  const bytes = first.image.length
  if (bytes === 0) throw fileError('DATASET_EMPTY', location, 'the image has no bytes')
  const foreign = first.imageKind === 'bytesList' ? describeForeignImage(first.image) : null
  const listType = listTypes[first.imageKind]
  if (listType && formType && listType !== formType) {
    const detail = `the image is a ${first.imageKind}, whose pixels are ${listType}, so dtype=${formType} does not go with it`
    throw fileError('DATASET_FORMAT', location, detail)
  }
  const type = listType ?? formType
  const layout = inferRawLayout(bytes, known, type, sampleEvidence(reader))
  if (foreign && !isStated(layout, bytes, known)) {
    throw fileError('DATASET_IMAGE', location, foreign)
  }
  if (typeof layout === 'string') throw fileError('DATASET_DIMENSIONS', location, layout)
  return layout
}

/** Pixels may begin like another format by chance; then the size that is stated decides. */
function isStated(layout: RawLayout | string, bytes: number, known: Partial<Dimensions>): boolean {
  if (typeof layout === 'string' || !known.height || !known.width) return false
  const { height, width, channels, type } = layout
  return height * width * channels * (type === 'float32' ? 4 : 1) === bytes
}

function sampleEvidence(reader: RecordReader): RawEvidence {
  const all = { float32: true, int32: true, rgba: true }
  let areBlank = true
  for (let record = 0; record < Math.min(reader.records, maxSampledRecords); record++) {
    const { image } = reader.read(record)
    const found = rawEvidence(image)
    areBlank &&= image.every(byte => byte === 0)
    for (const each of ['float32', 'int32', 'rgba'] as const) all[each] &&= found[each]
  }
  // few people store blank images as int32
  return { ...all, int32: all.int32 && !areBlank }
}

/** Takes the range of float32 pixels from all of them if the form does not say it. */
export function openFloatPixels(reader: RecordReader, range: PixelRange | null): FloatPixels {
  if (range) return new FloatPixels(range)
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (let record = 0; record < reader.records; record++) {
    const { image } = reader.read(record)
    for (const value of reader.at(record, 'DATASET_IMAGE', () => readFloats(image))) {
      min = Math.min(min, value)
      max = Math.max(max, value)
    }
  }
  const inferred = inferRange(min, max)
  if (inferred) return new FloatPixels(inferred)
  const detail = `the float32 pixels go from ${min} to ${max}: send the form field range, one of ${pixelRanges.join(', ')}`
  throw fileError('DATASET_DIMENSIONS', reader.location(0), detail)
}
