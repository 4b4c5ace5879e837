import type { Notes } from '../../../spec/notes.js'
import { type FileLocation, fileError } from '../../errors.js'
import type { InputFile } from '../../input-file.js'
import type { DatasetLimits } from '../../limits.js'
import { checkDeclared, validateShape } from '../dimensions.js'
import { isEncodedImage } from '../encoded/encoded-image.js'
import { describeForeignImage } from '../encoded/foreign-image.js'
import type { ImageForm } from '../image-form.js'
import type { Dimensions, ImageShape, ImageSource, Sample } from '../image-source.js'
import type { ImageExample } from './example.js'
import { areStoredNames } from './feature-names.js'
import type { FloatPixels } from './float-pixels.js'
import { openFloatPixels, resolveRawLayout } from './raw-records.js'
import { RecordReader } from './record-reader.js'
import { LabelTexts } from './tfrecord-labels.js'

/** Finds all records by their headers, and takes features, encoding and size from the first one. */
export function openTfrecords(
  files: InputFile[],
  form: ImageForm,
  limits: DatasetLimits,
): ImageSource {
  const reader = new RecordReader(files, limits, form.features ?? {})
  const first = reader.read(0)
  // the next read overwrites the bytes
  const image = Buffer.from(first.image)
  const traits = { reader, form, first: { ...first, image } }
  const known = { ...first.declared, ...form.dimensions }
  return isEncoded(traits.first, known, form) ? openEncoded(traits) : openRaw(traits, known, limits)
}

interface OpenRecords {
  reader: RecordReader
  form: ImageForm
  first: ImageExample
}

/** Raw pixels may begin with JPEG's signature by chance. If the size is known, the byte count decides. */
function isEncoded(
  { image, imageKind }: ImageExample,
  { height, width, channels }: Partial<Dimensions>,
  { pixelType }: ImageForm,
): boolean {
  const values = pixelType === 'float32' ? image.length / 4 : image.length
  const isRaw = height && width && values === height * width * (channels ?? 1)
  return imageKind === 'bytesList' && !isRaw && isEncodedImage(image)
}

function openEncoded(records: OpenRecords): ImageSource {
  const { reader, form } = records
  if (form.pixelType === 'float32' || form.pixelRange) {
    const detail = 'the image is a file, so dtype=float32 and range do not go with it'
    throw fileError('DATASET_FORMAT', reader.location(0), detail)
  }
  return new TfrecordSource(records, null, (record, { image, declared }) => {
    if (!isEncodedImage(image)) {
      const foreign = describeForeignImage(image) ?? 'the image is no image file that is read'
      const detail = `${foreign}; the first record is one`
      throw fileError('DATASET_FORMAT', reader.location(record), detail)
    }
    // the set decides on the channels, whatever the record says
    const { height, width } = declared
    if (height !== undefined || width !== undefined) {
      const header = reader.header(record, image)
      const found = { ...header, channels: declared.channels ?? header.channels }
      checkDeclared(declared, found, reader.location(record), 'the record')
    }
    return image
  })
}

function openRaw(
  records: OpenRecords,
  known: Partial<Dimensions>,
  limits: DatasetLimits,
): ImageSource {
  const { reader, form, first } = records
  const layout = resolveRawLayout(reader, first, known, form.pixelType)
  const shape = validateShape(reader.location(0), layout, limits)
  const floats = layout.type === 'float32' ? openFloatPixels(reader, form.pixelRange) : null
  if (!floats && form.pixelRange) {
    const detail = 'the pixels are uint8, so range does not go with them'
    throw fileError('DATASET_FORMAT', reader.location(0), detail)
  }
  const { height, width, channels } = shape
  const expected = height * width * channels * (floats ? 4 : 1)
  const check = (record: number, { image, imageKind, declared }: ImageExample): Uint8Array => {
    if (imageKind !== first.imageKind) {
      const detail = `feature '${reader.names.image}' is ${imageKind}, expected ${first.imageKind} as in the first record`
      throw fileError('DATASET_FORMAT', reader.location(record), detail)
    }
    checkDeclared(declared, shape, reader.location(record), 'the record')
    if (image.length !== expected) {
      const detail = `the image has ${image.length} bytes, expected ${height} x ${width} x ${channels}${floats ? ' x 4' : ''} = ${expected}`
      throw fileError('DATASET_SIZE_MISMATCH', reader.location(record), detail)
    }
    return floats ? reader.at(record, 'DATASET_IMAGE', () => floats.toBytes(image)) : image
  }
  const isInferred = !known.height || !known.width
  return new TfrecordSource(records, shape, check, notes => {
    if (isInferred) {
      const message = `nothing says the size of the images: ${first.image.length} bytes are taken for ${height} x ${width} x ${channels} of ${layout.type}; the form fields height, width and channels say another`
      notes.add('image_size_inferred', message)
    }
    if (floats) addFloatNote(notes, floats, form)
  })
}

function addFloatNote(notes: Notes, floats: FloatPixels, { pixelRange }: ImageForm): void {
  const rounding = floats.largestRounding
  const loss =
    rounding < 0.01 ? 'nothing is lost' : `values are rounded by up to ${rounding.toFixed(2)}`
  const range = pixelRange
    ? floats.range
    : `${floats.range}, which their values tell (the form field range says another)`
  const message = `float32 pixels of the range ${range} are stored as uint8 from 0 to 255; ${loss}`
  notes.add('float_pixels_stored', message)
}

/** Returns the image of a record as it is stored. Throws if it differs from the others. */
type CheckImage = (record: number, example: ImageExample) => Uint8Array

class TfrecordSource implements ImageSource {
  readonly records: number
  readonly classNames: readonly string[] | null
  /** The numbers of labels that are texts. */
  private readonly numbers: ReadonlyMap<string, number> | null
  private readonly reader: RecordReader
  private readonly namesAreGiven: boolean
  private readonly classesAreGiven: boolean

  constructor(
    { reader, form, first }: OpenRecords,
    readonly shape: ImageShape | null,
    private readonly check: CheckImage,
    private readonly addRawNotes: ((notes: Notes) => void) | null = null,
  ) {
    this.reader = reader
    this.records = reader.records
    this.namesAreGiven = form.features !== null
    this.classesAreGiven = form.labels !== null
    const texts = typeof first.label === 'string' ? collectLabels(reader, form.labels) : null
    this.classNames = texts ?? form.labels
    this.numbers = texts && new Map(texts.map((text, number) => [text, number]))
  }

  location(record: number): FileLocation {
    return this.reader.location(record)
  }

  read(record: number): Sample {
    const example = this.reader.read(record)
    return {
      image: this.check(record, example),
      label: this.labelNumber(record, example.label),
      channels: example.declared.channels,
    }
  }

  addNotes(notes: Notes): void {
    const { image, label } = this.reader.names
    if (!this.namesAreGiven && !areStoredNames(this.reader.names)) {
      const message = `feature '${image}' is taken for the image and '${label}' for the label; the form field features says others`
      notes.add('features_inferred', message)
    }
    if (this.numbers && !this.classesAreGiven) {
      const message = `the labels are texts and become ${this.numbers.size} classes in sorted order; the form field labels says another order`
      notes.add('labels_from_text', message)
    }
    this.addRawNotes?.(notes)
  }

  private labelNumber(record: number, label: number | string): number {
    const { numbers } = this
    if (numbers === null && typeof label === 'number') return label
    // collectLabels has seen all texts
    if (numbers !== null && typeof label === 'string') return numbers.get(label)!
    const kind = numbers === null ? 'a text' : 'a number'
    const detail = `the label is ${kind} (${label}); that of the first record is not`
    throw fileError('DATASET_LABELS', this.location(record), detail)
  }
}

function collectLabels(reader: RecordReader, names: readonly string[] | null): readonly string[] {
  const texts = new LabelTexts(names)
  for (let record = 0; record < reader.records; record++) {
    const { label } = reader.read(record)
    if (typeof label === 'string') texts.add(label, reader.location(record))
  }
  return texts.classNames()
}
