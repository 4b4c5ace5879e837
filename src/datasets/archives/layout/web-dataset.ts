// WebDataset: files of one sample have the same path up to the first dot of the name (`shard.tar: 0001.jpg`,
// `0001.cls`), and follow each other in a tar (https://github.com/webdataset/webdataset).

import { quoteJson, TrainyardError } from '../../../errors.js'
import type { Notes } from '../../../spec/notes.js'
import { fileError } from '../../errors.js'
import { baseName, type FileList, folderOf } from '../file-list.js'
import { hashBytes, hashCapacity } from '../path-set.js'
import { ClassList } from './class-list.js'
import { ImageFields } from './image-fields.js'
import { fieldsOf, parseObject } from './label-rows.js'
import type { LabelledImages, LayoutInput } from './labelled-images.js'

/** Files with the label of a sample, best first. */
const endings = ['cls', 'json', 'txt'] as const
type Ending = (typeof endings)[number]

/** Larger ones are no labels. */
const maxLabelBytes = 1024 * 1024

/** The ending of the files that have the labels, or null if the images have no such files. */
export function labelEnding(images: FileList, texts: FileList): Ending | null {
  const samples = new SampleFinder(images)
  const found = new Set<string>()
  for (let text = 0; text < texts.count; text++) {
    const ending = endingOf(texts.path(text))
    if (!ending || found.has(ending)) continue
    if (samples.find(texts, text) !== null) found.add(ending)
    if (found.has('cls')) break
  }
  return endings.find(ending => found.has(ending)) ?? null
}

/** True if the first of the files has a label, and is not about something else. */
export function saysLabel(texts: FileList, ending: Ending): boolean {
  if (ending !== 'json') return ending === 'cls'
  for (let text = 0; text < texts.count; text++) {
    if (endingOf(texts.path(text)) !== ending) continue
    const isSmall = texts.bytes(text) <= maxLabelBytes
    return isSmall && labelKey(parseObject(texts.read(text).toString('utf8'))) !== undefined
  }
  return false
}

/** Reads the label of each image from the file beside it. */
export function labelBySamples(
  { images, texts, declared, addProblem }: LayoutInput,
  ending: Ending,
): LabelledImages {
  const classes = new ClassList(declared, true)
  const labelIds = new Int32Array(images.count).fill(-1)
  const hasLabelFile = new Uint8Array(images.count)
  const samples = new SampleFinder(images)
  for (let text = 0; text < texts.count; text++) {
    if (endingOf(texts.path(text)) !== ending) continue
    try {
      const image = samples.find(texts, text)
      if (image === null) {
        throw fileError('DATASET_LABELS', texts.location(text), 'the sample has no image')
      }
      hasLabelFile[image] = 1
      const label = readLabel(texts, text, ending)
      labelIds[image] = classes.idOf(label.normalize('NFC'), texts.location(text))
    } catch (error) {
      if (!(error instanceof TrainyardError)) throw error
      addProblem(error)
    }
  }
  for (let image = 0; image < images.count; image++) {
    if (hasLabelFile[image]) continue
    const detail = `the sample has no label: there is no ${sampleKey(images.path(image))}.${ending}, or the sample has two images`
    addProblem(fileError('DATASET_LABELS', images.location(image), detail))
  }
  return {
    images,
    labelIds,
    splitIds: null,
    splits: [],
    fields: readFields(images, texts, samples),
    ...classes.finish(),
    addNotes: (notes: Notes) =>
      notes.add(
        'labels_from_samples',
        `the labels are those of the files beside the images, such as ${baseName(sampleKey(images.path(0)))}.${ending}`,
      ),
  }
}

/** What files such as 0001.json say of the images beside them. Those that are no objects of JSON say nothing. */
export function readFields(
  images: FileList,
  texts: FileList,
  samples = new SampleFinder(images),
): ImageFields {
  const fields = new ImageFields(images.count)
  for (let text = 0; text < texts.count; text++) {
    if (endingOf(texts.path(text)) !== 'json' || texts.bytes(text) > maxLabelBytes) continue
    const image = samples.find(texts, text)
    const object = image === null ? null : parseObject(texts.read(text).toString('utf8'))
    if (object) fields.add(image!, fieldsOf(object, [labelKey(object) ?? null]))
  }
  return fields
}

function readLabel(texts: FileList, text: number, ending: Ending): string {
  const location = texts.location(text)
  if (texts.bytes(text) > maxLabelBytes) {
    throw fileError('DATASET_LABELS', location, `the label has ${texts.bytes(text)} bytes`)
  }
  const content = texts.read(text).toString('utf8').trim()
  if (ending !== 'json') {
    if (/^\d+(?:\s+[\d.]+){4,}/.test(content)) {
      const detail = 'the file has boxes, as YOLO writes them, not the class of the image'
      throw fileError('DATASET_LABELS', location, detail)
    }
    return content
  }
  const object = parseObject(content)
  const key = labelKey(object)
  const value = key === undefined ? undefined : object?.[key]
  if (typeof value === 'string' || typeof value === 'number') return String(value)
  const detail = `the file is ${quoteJson(content)}, expected {"label": …} with a number or text`
  throw fileError('DATASET_LABELS', location, detail)
}

const labelKeys = ['label', 'cls', 'class', 'class_name', 'category', 'target']

const labelKey = (object: Record<string, unknown> | null): string | undefined =>
  labelKeys.find(name => object?.[name] !== undefined)

function endingOf(path: string): Ending | null {
  const ending = path.slice(path.lastIndexOf('.') + 1).toLowerCase()
  return endings.find(each => each === ending) ?? null
}

/** The path up to the first dot of the file's name. */
function sampleKey(path: string): string {
  const [start = ''] = baseName(path).split('.', 1)
  const folder = folderOf(path)
  return folder === '' ? start : `${folder}/${start}`
}

/** Finds the image of a sample by its key, within one archive. */
class SampleFinder {
  /** Image + 1; 0 if the slot is free. */
  private readonly slots: Uint32Array

  constructor(private readonly images: FileList) {
    this.slots = new Uint32Array(hashCapacity(images.count))
    for (let image = 0; image < images.count; image++) {
      const slot = this.slotOf(images, image)
      if (this.slots[slot] === 0) this.slots[slot] = image + 1
    }
  }

  find(files: FileList, file: number): number | null {
    const found = this.slots[this.slotOf(files, file)]!
    return found === 0 ? null : found - 1
  }

  /** The slot of the sample that the file belongs to, or a free one. */
  private slotOf(files: FileList, file: number): number {
    const source = files.sourceOf(file)
    const key = sampleKey(files.path(file))
    const mask = this.slots.length - 1
    let slot = hashBytes(Buffer.from(`${source}/${key}`)) & mask
    while (this.slots[slot] !== 0) {
      const image = this.slots[slot]! - 1
      if (this.images.sourceOf(image) === source && sampleKey(this.images.path(image)) === key) {
        break
      }
      slot = (slot + 1) & mask
    }
    return slot
  }
}
