import { quoteJson } from '../../../errors.js'
import { type FileLocation, fileError } from '../../errors.js'
import { maxClasses, maxLabelLength } from '../../limits.js'
import { foldName } from '../entry-name.js'

/** The labels that an upload has, as texts. Each gets a number in the order of its first image. */
export class ClassList {
  private readonly ids = new Map<string, number>()
  private readonly byFoldedName = new Map<string, string>()

  constructor(
    /** What the form field `labels` says. */
    private readonly declared: readonly string[] | null,
    /** Labels of a column may be numbers; names of folders are names, also "1". */
    private readonly mayBeNumbers: boolean,
  ) {}

  /** Throws DATASET_LABELS if the text cannot be a label. */
  idOf(text: string, location: FileLocation): number {
    const known = this.ids.get(text)
    if (known !== undefined) return known
    const problem = this.problemOf(text)
    if (problem) throw fileError('DATASET_LABELS', location, problem)
    const id = this.ids.size
    this.ids.set(text, id)
    this.byFoldedName.set(foldName(text), text)
    return id
  }

  get size(): number {
    return this.ids.size
  }

  get names(): readonly string[] {
    return [...this.ids.keys()]
  }

  /** The labels of images by the ids of their texts, and the names of the classes; null if labels are numbers. */
  finish(): { labels: readonly (string | number)[]; classNames: readonly string[] | null } {
    const texts = [...this.ids.keys()]
    if (this.areNumbers(texts)) return { labels: texts.map(Number), classNames: this.declared }
    return { labels: texts, classNames: this.declared ?? texts.toSorted(byCodePoint) }
  }

  private areNumbers(texts: readonly string[]): boolean {
    if (!this.mayBeNumbers) return false
    if (this.declared && texts.every(text => this.declared!.includes(text))) return false
    return texts.every(text => isClassNumber(text))
  }

  private problemOf(text: string): string | null {
    if (text === '') return 'the label is empty'
    if (text.length > maxLabelLength)
      return `the label ${quoteJson(text)} has more than ${maxLabelLength} characters`
    if (/\p{Cc}/u.test(text)) return `the label ${quoteJson(text)} has a control character`
    const other = this.byFoldedName.get(foldName(text))
    if (other !== undefined) {
      return `the classes ${quoteJson(other)} and ${quoteJson(text)} differ only in case, Unicode form or dots and blanks at the end: give them one name, or two that differ`
    }
    if (this.ids.size === maxClasses) return `there are more than ${maxClasses} classes`
    const isNumber = this.mayBeNumbers && isClassNumber(text)
    if (!this.declared || this.declared.includes(text) || isNumber) return null
    return `the class ${quoteJson(text)} is none of the ${this.declared.length} that the form field labels names`
  }
}

const isClassNumber = (text: string): boolean =>
  /^(?:0|[1-9]\d{0,4})$/.test(text) && Number(text) < maxClasses

/** UTF-8 sorts as code points do. */
const byCodePoint = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))
