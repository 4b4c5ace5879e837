import { createHash } from 'node:crypto'
import { listNames, type Note, Notes } from '../../spec/note.js'
import { fileError } from '../errors.js'
import { maxClasses } from '../limits.js'
import type { ImageSource } from './image-source.js'

export interface ImageStatistics {
  id: string
  labels: string[]
  classCounts: number[]
  mean: number[]
  std: number[]
  notes: Note[]
}

/**
 * Reads every record once, and returns the manifest's statistics and the id. The id is a hash of shape,
 * pixels, labels and class names, not of the files, so equal content gets equal ids.
 */
export function computeImageStatistics(
  source: ImageSource,
  classNames: readonly string[] | null,
): ImageStatistics {
  const { shape, encoding, records } = source
  const hash = createHash('sha256')
  hash.update(JSON.stringify([1, encoding, shape.height, shape.width, shape.channels, records]))
  const classCounts = new Float64Array(maxClasses)
  const histograms = Array.from({ length: shape.channels }, () => new Float64Array(256))
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
    if (encoding === 'raw') addToHistograms(image, histograms)
  }
  const labels = classNames
    ? [...classNames]
    : Array.from({ length: classCount }, (_, index) => String(index))
  hash.update(JSON.stringify(labels))
  const counts = [...classCounts.subarray(0, classCount)]
  return {
    id: `ds-${hash.digest('hex').slice(0, 16)}`,
    labels,
    classCounts: counts,
    notes: classNotes(labels, counts),
    ...(encoding === 'raw' ? moments(histograms) : assumedMoments(shape.channels)),
  }
}

function classNotes(labels: readonly string[], counts: readonly number[]): Note[] {
  const notes = new Notes()
  const empty = labels.filter((_, index) => counts[index] === 0)
  if (empty.length === labels.length - 1) {
    const only = labels[counts.findIndex(count => count > 0)]!
    notes.add('one_class', `all images have the class '${only}', so there is nothing to tell apart`)
  } else if (empty.length > 0) {
    const message = `${empty.length} of ${labels.length} classes have no image: ${listNames(empty)}`
    notes.add('class_without_examples', message)
  }
  return notes.all
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

/** Counts the byte values of each channel. The result is exact and independent of the order. */
function addToHistograms(image: Uint8Array, histograms: Float64Array[]): void {
  const channels = histograms.length
  for (let channel = 0; channel < channels; channel++) {
    const histogram = histograms[channel]!
    for (let offset = channel; offset < image.length; offset += channels)
      histogram[image[offset]!]!++
  }
}

function moments(histograms: Float64Array[]): { mean: number[]; std: number[] } {
  const mean: number[] = []
  const std: number[] = []
  for (const histogram of histograms) {
    const pixels = histogram.reduce((sum, count) => sum + count, 0)
    const channelMean = histogram.reduce((sum, count, value) => sum + count * value, 0) / pixels
    const variance =
      histogram.reduce((sum, count, value) => sum + count * (value - channelMean) ** 2, 0) / pixels
    mean.push(channelMean)
    // Images are divided by the deviation, which is 0 in a channel of one value.
    std.push(Math.sqrt(variance) || 1)
  }
  return { mean, std }
}

/** Encoded images are decoded only in the training graph, so 0 to 255 is scaled to -1 to 1. */
const assumedMoments = (channels: number) => ({
  mean: Array<number>(channels).fill(127.5),
  std: Array<number>(channels).fill(127.5),
})
