// Says why a column of numbers was not read as numbers.
import { isBooleanWord } from '../cell.js'
import { quoteCell } from '../csv.js'
import {
  countShapes,
  isLikelyMissing,
  isNumeric,
  shapeOf,
  type ValueShape,
} from '../value-shapes.js'
import type { ColumnFacts } from './column-facts.js'

const maxListedValues = 5

/** Most values must be numbers, in whatever notation, for a column to be called one of numbers. */
const minNumberShare = 0.5

export interface MixedColumn {
  /** A sentence about the values, to follow "column 'x' is a category: ". */
  reason: string
  cure: string
  /** Dates and times, or numbers. */
  isDate: boolean
}

/** Returns why a column of texts is not one of numbers although most of its values are, or null if they are not. */
export function explainTexts(stats: ColumnFacts): MixedColumn | null {
  const { otherTexts, others, numbers, present } = stats
  if (otherTexts.length === 0 || others === 0) return null
  const shapes = [...countShapes(otherTexts)].sort(([, a], [, b]) => b.length - a.length)
  const share = others / otherTexts.length
  const [main] = shapes
  const datesShown = main && !isNumeric(main[0])
  if (main && datesShown && main[1].length * share >= minNumberShare * present) {
    return { ...shapeReason(main, stats), isDate: true }
  }
  const numeric = shapes.filter(([shape]) => isNumeric(shape))
  const shaped = numeric.reduce((sum, [, examples]) => sum + examples.length, 0)
  const likelyMissing = otherTexts.filter(isLikelyMissing).length
  const known = present - likelyMissing * share
  if (known <= 0 || numbers + shaped * share < minNumberShare * known) return null
  const first = numeric[0]
  if (first) return { ...shapeReason(first, stats), isDate: false }
  const words = listWords(otherTexts)
  const [subject, missing] = words.isComplete
    ? [`the others are ${words.list}`, words.json]
    : [`others are ${words.list} and more`, '[…]']
  return {
    reason: `${numbers} of ${present} values are numbers; ${subject}`,
    cure: `send missing=${missing} if they mean that a value is missing`,
    isDate: false,
  }
}

function shapeReason(
  [shape, examples]: [ValueShape, string[]],
  { otherTexts, numbers, present }: ColumnFacts,
) {
  const all = numbers === 0 && examples.length === otherTexts.length
  const amount = all ? 'the values' : 'values'
  const plain = numbers > 0 ? `${numbers} of ${present} values are plain numbers; others` : amount
  const shown = [...new Set(examples)].slice(0, 2).map(quoteCell).join(', ')
  const rest = new Set(otherTexts.filter(text => shapeOf(text) !== shape))
  const more = rest.size > 0 ? `; there are also ${listWords([...rest]).list}` : ''
  return { reason: `${plain} are ${shape.is}, such as ${shown}${more}`, cure: shape.cure }
}

/** What to do about one value that is no number in a column of numbers. */
export function cureOf(text: string): string | null {
  const shape = shapeOf(text)
  if (shape) return `it looks like one of ${shape.is}: ${shape.cure}`
  const bytes = Buffer.from(text)
  if (isBooleanWord(bytes, 0, bytes.length)) return null
  return `if it means that a value is missing, send missing=${JSON.stringify([text])}`
}

function listWords(texts: readonly string[]) {
  const distinct = [...new Set(texts)]
  const shown = distinct.slice(0, maxListedValues)
  const isComplete = distinct.length <= maxListedValues
  const list = `${shown.map(quoteCell).join(', ')}${isComplete ? '' : ` and ${distinct.length - maxListedValues} more`}`
  return { list, json: JSON.stringify(shown), isComplete }
}
