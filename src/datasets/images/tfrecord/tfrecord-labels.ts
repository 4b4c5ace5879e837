import { type FileLocation, fileError } from '../../errors.js'
import { maxClasses } from '../../limits.js'

/** Collects the texts that are labels, and numbers them in sorted order, or in that of the form. */
export class LabelTexts {
  private readonly found = new Set<string>()
  private readonly allowed: ReadonlySet<string> | null

  constructor(private readonly names: readonly string[] | null) {
    this.allowed = names && new Set(names)
  }

  /** Throws DATASET_LABELS if the text is none of the form's names, or if there are too many. */
  add(text: string, location: FileLocation): void {
    if (this.names && !this.allowed?.has(text)) {
      const detail = `the label is '${text}', expected one of the ${this.names.length} class names of the form`
      throw fileError('DATASET_LABELS', location, detail)
    }
    this.found.add(text)
    if (this.found.size <= maxClasses) return
    const detail = `there are more than ${maxClasses} different labels`
    throw fileError('DATASET_LABELS', location, detail)
  }

  classNames(): readonly string[] {
    if (this.names) return this.names
    const texts = [...this.found]
    const areNumbers = texts.every(text => /^(0|[1-9]\d{0,14})$/.test(text))
    return areNumbers ? texts.sort((a, b) => Number(a) - Number(b)) : texts.sort()
  }
}
