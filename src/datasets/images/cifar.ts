// The binary version of CIFAR-10 and CIFAR-100 (https://www.cs.toronto.edu/~kriz/cifar.html). A record is one
// byte of the class, before it in CIFAR-100 one of the superclass, and 32 x 32 pixels as planes of red, green and
// blue. There is no header: the size of the file and the range of the labels tell the format.
import type { Notes } from '../../spec/notes.js'
import type { ConversionInput } from '../conversion-input.js'
import { fileError } from '../errors.js'
import type { InputFile } from '../input-file.js'
import { maxLabelLength } from '../limits.js'
import { checkDeclared } from './dimensions.js'
import type { ImageForm } from './image-form.js'
import type { ImageStream, IncomingImage } from './image-stream.js'
import { interleave } from './interleave.js'

const shape = { height: 32, width: 32, channels: 3 } as const
const imageBytes = shape.height * shape.width * shape.channels

interface CifarVariant {
  name: 'CIFAR-10' | 'CIFAR-100'
  /** Exclusive upper bounds of the bytes before the pixels. The last is the class. */
  labels: readonly number[]
}

const variants: readonly CifarVariant[] = [
  { name: 'CIFAR-10', labels: [10] },
  { name: 'CIFAR-100', labels: [20, 100] },
]

const recordBytesOf = ({ labels }: CifarVariant): number => labels.length + imageBytes

const classesOf = ({ labels }: CifarVariant): number => labels.at(-1)!

/** Records that are looked at to tell the format. */
const maxSampledRecords = 2000

/** The variants that a file may be, by its size and by labels all over it. */
function fittingVariants(file: InputFile): CifarVariant[] {
  return variants.filter(variant => {
    const recordBytes = recordBytesOf(variant)
    if (file.size === 0 || file.size % recordBytes !== 0) return false
    const records = file.size / recordBytes
    const step = Math.ceil(records / maxSampledRecords)
    for (let record = 0; record < records; record += step) {
      const found = file.read(record * recordBytes, variant.labels.length)
      if (variant.labels.some((limit, at) => found[at]! >= limit)) return false
    }
    return true
  })
}

/** True if the size and the labels are those of CIFAR's binary version. */
export const isCifar = (file: InputFile): boolean => fittingVariants(file).length > 0

/** The images of CIFAR's files, in their order. Files of text among them name the classes. */
export function readCifar({
  files,
  form,
  limits,
  problems,
}: ConversionInput<ImageForm>): ImageStream {
  const data = files.filter(isCifar)
  const variant = variantOf(data)
  const location = { file: data[0]!.name }
  checkDeclared(form.dimensions, shape, location, 'the form')
  if (form.features || form.pixelRange || form.layout || form.pixelType === 'float32') {
    const detail = `${variant.name} needs none of the fields features, dtype, range and layout`
    throw fileError('DATASET_FORMAT', location, detail)
  }
  const recordBytes = recordBytesOf(variant)
  const records = data.reduce((sum, file) => sum + file.size / recordBytes, 0)
  if (records > limits.records) {
    const detail = `there are ${records} images, expected at most ${limits.records}`
    throw fileError('DATASET_TOO_LARGE', location, detail)
  }
  const names = form.labels ?? classNamesOf(files, data, variant)
  const splits = splitsOf(data)
  return {
    images: imagesOf(data, variant, splits, error => problems.add(error)),
    classNames: () => names,
    addNotes: notes => addNotes(notes, variant, splits),
  }
}

/** Throws DATASET_FORMAT if the files are of different variants, or may be either. */
function variantOf(files: readonly InputFile[]): CifarVariant {
  const fitting = variants.filter(variant =>
    files.every(file => fittingVariants(file).includes(variant)),
  )
  const [only, other] = fitting
  if (only && !other) return only
  const found = files.map(file => {
    const names = fittingVariants(file).map(({ name }) => name)
    return `${file.name} is ${names.join(' or ')}`
  })
  const detail = `expected files of one of CIFAR's variants: ${found.join(', ').slice(0, 500)}`
  throw fileError('DATASET_FORMAT', { file: files[0]!.name }, detail)
}

/** From `batches.meta.txt` or `fine_label_names.txt`; null if there is neither. Throws DATASET_LABELS. */
function classNamesOf(
  files: readonly InputFile[],
  data: readonly InputFile[],
  variant: CifarVariant,
): string[] | null {
  const classes = classesOf(variant)
  let names: string[] | null = null
  for (const file of files) {
    if (data.includes(file)) continue
    const text = file.read(0, classes * (maxLabelLength + 2)).toString('utf8')
    const lines = text.split(/\r\n?|\n/).map(line => line.trim())
    const found = lines.filter(line => line !== '')
    // the superclasses of CIFAR-100 are not read, and neither are their names
    if (variant.labels.length > 1 && found.length === variant.labels[0]) continue
    if (found.length !== classes || new Set(found).size !== classes || names) {
      const detail = `expected one text with the names of the ${classes} classes of ${variant.name}, one a line, found ${found.length} lines${names ? ' in a second text' : ''}`
      throw fileError('DATASET_LABELS', { file: file.name }, detail)
    }
    names = found
  }
  return names
}

/** The split of each file by its name, if all names say one and there are several; otherwise null. */
function splitsOf(files: readonly InputFile[]): string[] | null {
  const splits = files.map(({ name }) => {
    if (/test/i.test(name)) return 'test'
    return /train|data_batch/i.test(name) ? 'train' : null
  })
  const isSplit = splits.includes('test') && splits.includes('train') && !splits.includes(null)
  return isSplit ? (splits as string[]) : null
}

function* imagesOf(
  files: readonly InputFile[],
  variant: CifarVariant,
  splits: readonly string[] | null,
  onProblem: (error: unknown) => void,
): Generator<IncomingImage> {
  const recordBytes = recordBytesOf(variant)
  const labelBytes = variant.labels.length
  const content = new Uint8Array(imageBytes)
  // splits follow each other
  for (const split of splits ? ['train', 'test'] : [null]) {
    for (const [index, file] of files.entries()) {
      if (splits && splits[index] !== split) continue
      for (let record = 0; record * recordBytes < file.size; record++) {
        const byte = record * recordBytes
        const bytes = file.read(byte, recordBytes)
        const location = { file: file.name, record, byte }
        const label = bytes[labelBytes - 1]!
        if (label >= classesOf(variant)) {
          const detail = `the label is ${label}, expected 0 to ${classesOf(variant) - 1} as in ${variant.name}`
          onProblem(fileError('DATASET_LABELS', location, detail))
          continue
        }
        interleave(bytes.subarray(labelBytes), shape.channels, content)
        yield { location, content, shape, label, split }
      }
    }
  }
}

function addNotes(notes: Notes, variant: CifarVariant, splits: readonly string[] | null): void {
  if (variant.labels.length > 1) {
    notes.add(
      'labels_left_out',
      'of the two labels of CIFAR-100, the class is read and the superclass is not',
    )
  }
  if (!splits) return
  const count = (split: string) => splits.filter(each => each === split).length
  const message = `by the names of the files, ${count('train')} are for train and ${count('test')} for test`
  notes.add('splits_from_names', message)
}
