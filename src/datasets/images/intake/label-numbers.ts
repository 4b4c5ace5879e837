import { type FileLocation, fileError } from '../../errors.js'
import { maxClasses } from '../../limits.js'
import { LabelTexts } from '../tfrecord/tfrecord-labels.js'

/**
 * Numbers the labels of a stream as they come: texts by their first appearance, since the classes are known
 * only after all images.
 */
export class LabelNumbers {
  private readonly texts = new Map<string, { number: number; location: FileLocation }>()
  private kind: 'text' | 'number' | null = null
  private largest = -1
  private largestLocation: FileLocation | null = null

  /** Throws DATASET_LABELS for a number that is no class, or if texts and numbers are mixed. */
  add(label: string | number, location: FileLocation): number {
    const kind = typeof label === 'string' ? 'text' : 'number'
    this.kind ??= kind
    if (kind !== this.kind) {
      const detail = `the label is a ${kind} (${label}); that of the first image is not`
      throw fileError('DATASET_LABELS', location, detail)
    }
    if (typeof label === 'string') return this.numberOf(label, location)
    if (!(Number.isInteger(label) && label >= 0 && label < maxClasses)) {
      const detail = `the label is ${label}, expected 0 to ${maxClasses - 1}`
      throw fileError('DATASET_LABELS', location, detail)
    }
    if (label > this.largest) {
      this.largest = label
      this.largestLocation = location
    }
    return label
  }

  /**
   * The classes in their order, and the class of each number that `add` returned. `streamNames` are those of the
   * upload, `formNames` those of the form field labels. Throws DATASET_LABELS for a label that is none of them.
   */
  resolve(
    streamNames: readonly string[] | null,
    formNames: readonly string[] | null,
  ): { names: string[]; numbers: Int32Array; areNamed: boolean; areFromText: boolean } {
    const names = formNames ?? streamNames
    if (this.kind === 'text') {
      const labels = new LabelTexts(names)
      for (const [text, { location }] of this.texts) labels.add(text, location)
      const classes = [...labels.classNames()]
      const positions = new Map(classes.map((name, number) => [name, number]))
      const numbers = Int32Array.from(this.texts.keys(), text => positions.get(text)!)
      return { names: classes, numbers, areNamed: true, areFromText: names === null }
    }
    if (names && this.largest >= names.length) {
      const detail = `the label is ${this.largest}, expected one of the ${names.length} class names: 0 to ${names.length - 1}`
      throw fileError('DATASET_LABELS', this.largestLocation!, detail)
    }
    const count = names?.length ?? this.largest + 1
    return {
      names: names ? [...names] : Array.from({ length: count }, (_, number) => String(number)),
      numbers: Int32Array.from({ length: count }, (_, number) => number),
      areNamed: names !== null,
      areFromText: false,
    }
  }

  private numberOf(text: string, location: FileLocation): number {
    const known = this.texts.get(text)
    if (known) return known.number
    if (this.texts.size === maxClasses) {
      const detail = `there are more than ${maxClasses} different labels`
      throw fileError('DATASET_LABELS', location, detail)
    }
    const number = this.texts.size
    this.texts.set(text, { number, location })
    return number
  }
}
