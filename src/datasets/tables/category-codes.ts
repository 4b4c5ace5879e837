import { NumberParser } from './cell.js'
import { quoteCell } from './csv.js'

const numberParser = new NumberParser()

/** Returns the value of a text that an upload takes for a number, or null. */
function numberOf(text: string): number | null {
  const bytes = Buffer.from(text)
  return numberParser.parse(bytes, 0, bytes.length) ? numberParser.value : null
}

/** The number or boolean that a category is, or null. */
function categoryValue(category: string): number | boolean | null {
  const lower = category.toLowerCase()
  if (lower === 'true' || lower === 'false') return lower === 'true'
  return numberOf(category)
}

/** What a value names: the code of a category, an unknown one, or more than one. */
export type Found = number | 'unknown' | { several: readonly string[] }

/**
 * Finds the categories that the values of a prediction request name. Texts are trimmed as an upload
 * trims them. A number has lost its spelling, so 1 and 1.0 both name the category "1.0", and true names "True".
 */
export class CategoryCodes {
  /** "expected one of …", for an error message. */
  readonly expected: string
  private readonly byName: ReadonlyMap<string, number>
  /** Codes of the categories that are numbers or booleans. Filled at the first such value. */
  private byValue: Map<number | boolean, number[]> | null = null

  constructor(private readonly categories: readonly string[]) {
    this.byName = new Map(categories.map((category, code) => [category, code]))
    const examples = categories.slice(0, 5).map(quoteCell).join(', ')
    const more = categories.length > 5 ? ` and ${categories.length - 5} more` : ''
    this.expected = `expected one of ${examples}${more}`
  }

  ofText(text: string): Found {
    return this.byName.get(text) ?? this.byName.get(trimmed(text)) ?? 'unknown'
  }

  /** A cell of a CSV file does not say whether it is a number. The same spelling comes first. */
  ofCell(cell: string): Found {
    const code = this.ofText(cell)
    if (code !== 'unknown') return code
    const value = numberOf(cell)
    const found = value === null ? code : this.ofNumber(value)
    return typeof found === 'number' ? found : 'unknown'
  }

  ofNumber(value: number): Found {
    // another integer may have been rounded to this one
    return this.ofValue(value, !Number.isInteger(value) || Number.isSafeInteger(value))
  }

  ofBoolean(value: boolean): Found {
    return this.ofValue(value, true)
  }

  private ofValue(value: number | boolean, isExact: boolean): Found {
    const codes = this.codesByValue().get(value) ?? []
    const [code] = codes
    if (code === undefined) return 'unknown'
    if (codes.length === 1 && isExact) return code
    return { several: codes.map(each => this.categories[each]!) }
  }

  private codesByValue(): ReadonlyMap<number | boolean, number[]> {
    if (this.byValue) return this.byValue
    const byValue = new Map<number | boolean, number[]>()
    for (const [code, category] of this.categories.entries()) {
      const value = categoryValue(category)
      if (value === null) continue
      const codes = byValue.get(value)
      if (codes) codes.push(code)
      else byValue.set(value, [code])
    }
    this.byValue = byValue
    return byValue
  }
}

/** Without the blanks around it, as an upload reads a cell. */
export function trimmed(text: string): string {
  let [start, end] = [0, text.length]
  while (text[start] === ' ') start++
  while (end > start && text[end - 1] === ' ') end--
  return text.slice(start, end)
}
