import { createHash } from 'node:crypto'
import { listNames, type Note, Notes } from '../../spec/notes.js'
import { fileError } from '../errors.js'
import { maxClasses } from '../limits.js'
import { DecodedSurvey } from './decoded-survey.js'
import type { ImageSource } from './image-source.js'
import { PixelStatistics } from './pixel-statistics.js'

export interface ImageStatistics {
  id: string
  labels: string[]
  classCounts: number[]
  mean: number[]
  std: number[]
  notes: Note[]
}

/**
 * Reads every record once, decodes each PNG and JPEG, and returns the manifest's statistics and the id. The id
 * is a hash of shape, pixels, labels and class names, not of the files, so equal content gets equal ids.
 */
export async function computeImageStatistics(source: ImageSource): Promise<ImageStatistics> {
  const { shape, encoding, records, classNames } = source
  const hash = createHash('sha256')
  hash.update(JSON.stringify([1, encoding, shape.height, shape.width, shape.channels, records]))
  const classCounts = new Float64Array(maxClasses)
  const pixels = new PixelStatistics(shape.channels)
  const decoding = encoding === 'encoded' ? await DecodedSurvey.open(source, pixels) : null
  const recordHeader = Buffer.alloc(8)
  let classCount = classNames?.length ?? 0
  for (let record = 0; record < records; record++) {
    const { image, label } = source.read(record)
    checkLabel(source, record, label, classNames)
    classCounts[label]!++
    classCount = Math.max(classCount, label + 1)
    recordHeader.writeUInt32LE(label, 0)
    recordHeader.writeUInt32LE(image.length, 4)
    hash.update(recordHeader).update(image)
    if (decoding) decoding.add(record, image)
    else pixels.add(image)
  }
  decoding?.finish()
  const labels = classNames
    ? [...classNames]
    : Array.from({ length: classCount }, (_, index) => String(index))
  hash.update(JSON.stringify(labels))
  const counts = [...classCounts.subarray(0, classCount)]
  const notes = new Notes()
  source.addNotes?.(notes)
  addClassNotes(notes, labels, counts, classNames !== null)
  decoding?.addNotes(notes)
  return {
    id: `ds-${hash.digest('hex').slice(0, 16)}`,
    labels,
    classCounts: counts,
    notes: notes.all,
    ...pixels.moments(),
  }
}

function addClassNotes(
  notes: Notes,
  labels: readonly string[],
  counts: readonly number[],
  areNamed: boolean,
): void {
  const empty = labels.filter((_, index) => counts[index] === 0)
  if (empty.length === labels.length - 1) {
    const only = labels[counts.findIndex(count => count > 0)]!
    notes.add('one_class', `all images have the class '${only}', so there is nothing to tell apart`)
  } else if (counts[0] === 0 && !areNamed) {
    const others = empty.length > 1 ? `; nor have ${listNames(empty.slice(1))}` : ''
    const message = `the labels run from ${counts.findIndex(count => count > 0)} to ${labels.length - 1}, so class '0' has no image${others}. The model has an output for each; number the classes from 0, or name them by the form field labels`
    notes.add('labels_not_from_zero', message)
  } else if (empty.length > 0) {
    const message = `${empty.length} of ${labels.length} classes have no image: ${listNames(empty)}`
    notes.add('class_without_examples', message)
  }
}

function checkLabel(
  source: ImageSource,
  record: number,
  label: number,
  classNames: readonly string[] | null,
): void {
  if (label >= 0 && label < (classNames?.length ?? maxClasses)) return
  const expected = classNames
    ? `one of the ${classNames.length} class names: 0 to ${classNames.length - 1}`
    : `0 to ${maxClasses - 1}`
  throw fileError(
    'DATASET_LABELS',
    source.location(record),
    `the label is ${label}, expected ${expected}`,
  )
}
