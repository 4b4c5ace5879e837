import { listNames, type Notes } from '../../../spec/notes.js'
import { maxFieldLength, maxFieldNameLength, maxFields } from '../../limits.js'
import { TextList } from '../../text-list.js'

/** Values by the names of their fields. */
export type FieldValues = Readonly<Record<string, unknown>>

/**
 * What an upload says of its images beside their labels, such as the patient or the day, by which they can be divided
 * into splits. Kept as JSON outside of V8's heap.
 */
export class ImageFields {
  private readonly texts: TextList
  /** For each image, its text and one more; 0 without fields. */
  private readonly textIds: Uint32Array
  private readonly seen = new Set<string>()
  private readonly tooLong = new Set<string>()
  private readonly different = new Set<string>()
  private readonly beyondLimit = new Set<string>()
  private readonly nested = new Set<string>()
  private readonly longNames = new Set<string>()
  private count = 0
  /** How many files or rows had values that can be kept. */
  sources = 0

  constructor(images: number) {
    this.texts = new TextList(images)
    this.textIds = new Uint32Array(images)
  }

  /** Several files, or rows, may say something of one image. A field of which they say different things is left out. */
  add(image: number, values: FieldValues): void {
    const fields = this.usable(values)
    if (fields.size > 0) this.sources++
    const id = this.textIds[image]!
    if (id > 0) {
      const known = parseFields(this.texts.at(id - 1))
      for (const [name, text] of fields) if (known[name] !== text) this.different.add(name)
      return
    }
    if (fields.size === 0) return
    const sorted = [...fields].sort(([one], [other]) => (one < other ? -1 : 1))
    this.texts.add(JSON.stringify(Object.fromEntries(sorted)))
    this.textIds[image] = ++this.count
  }

  /** The fields of an image as JSON; empty if it has none. */
  of(image: number): string {
    const id = this.textIds[image]!
    if (id === 0) return ''
    const text = this.texts.at(id - 1)
    if (this.leftOut.size === 0) return text
    const kept = Object.entries(parseFields(text)).filter(([name]) => !this.leftOut.has(name))
    return kept.length === 0 ? '' : JSON.stringify(Object.fromEntries(kept))
  }

  addNotes(notes: Notes): void {
    const kept = [...this.seen].filter(name => !this.leftOut.has(name))
    if (kept.length > 0) {
      const message = `the upload says more of its images than their labels, by which they can be divided into splits: ${listNames(kept)}`
      notes.add('image_fields_kept', message, kept)
    }
    const reasons = [
      [this.tooLong, `have values of more than ${maxFieldLength} characters`],
      [this.different, 'have different values for one image'],
      [this.beyondLimit, `come after the first ${maxFields}`],
      [this.nested, 'have lists or objects, not texts or numbers'],
      [this.longNames, `have names of more than ${maxFieldNameLength} characters`],
    ] as const
    for (const [names, reason] of reasons) {
      if (names.size === 0) continue
      const message = `what the upload says of its images in ${listNames([...names])} is left out: these fields ${reason}`
      notes.add('image_fields_left_out', message, [...names])
    }
  }

  private get leftOut(): ReadonlySet<string> {
    const { tooLong, different } = this
    return different.size === 0 ? tooLong : new Set([...tooLong, ...different])
  }

  /** Texts and numbers, as texts. */
  private usable(values: FieldValues): Map<string, string> {
    const usable = new Map<string, string>()
    for (const [name, value] of Object.entries(values)) {
      if (name === '' || value === null || value === undefined) continue
      if (name.length > maxFieldNameLength) {
        addSome(this.longNames, `${name.slice(0, maxFieldNameLength)}…`)
        continue
      }
      if (typeof value === 'object') {
        addSome(this.nested, name)
        continue
      }
      const text = String(value).trim()
      if (text === '') continue
      if (!this.seen.has(name)) {
        if (this.seen.size === maxFields) {
          addSome(this.beyondLimit, name)
          continue
        }
        this.seen.add(name)
      }
      if (text.length > maxFieldLength) this.tooLong.add(name)
      else if (!this.tooLong.has(name)) usable.set(name, text.normalize('NFC'))
    }
    return usable
  }
}

/** As many as a note can name: an upload may have others for each image. */
function addSome(names: Set<string>, name: string): void {
  if (names.size < maxFields) names.add(name)
}

const parseFields = (text: string) => JSON.parse(text) as Record<string, string>
