// How people write numbers that are no plain decimal numbers, so that a message can name it with the remedy.

export interface ValueShape {
  id: string
  pattern: RegExp
  /** Completes "values are …". */
  is: string
  /** What to do. */
  cure: string
}

/** Digits, perhaps with signs between them. */
const number = String.raw`(?:\d(?:[\d.,'’ \u00a0\u202f]*\d)?|[.,]\d+)`
const signed = `[+-]?${number}`
const shape = (source: string, flags = 'iu') => new RegExp(`^(?:${source})$`, flags)

/** The first one that matches counts. */
const valueShapes: readonly ValueShape[] = [
  {
    id: 'infinite',
    pattern: shape('[+-]?inf(?:inity)?'),
    is: 'infinite, which no number of a table can be',
    cure: 'send them as missing, or leave the rows out',
  },
  {
    id: 'comma_and_three_digits',
    pattern: shape(String.raw`[+-]?[1-9]\d{0,2},\d{3}`),
    is: 'numbers with a comma before three digits, which may be thousands or decimals',
    cure: 'send thousands=, or decimal=,',
  },
  {
    id: 'decimal_comma',
    pattern: shape(String.raw`[+-]?\d*,\d+(?:e[+-]?\d+)?`),
    is: 'numbers with decimal commas',
    cure: 'send decimal=,',
  },
  {
    id: 'thousands_comma',
    pattern: shape(String.raw`[+-]?\d{1,3}(?:,\d{2,3})*,\d{3}(?:\.\d*)?`),
    is: 'numbers with commas between thousands',
    cure: 'send thousands=,',
  },
  {
    id: 'thousands_point',
    pattern: shape(String.raw`[+-]?\d{1,3}(?:\.\d{3})+(?:,\d+)?`),
    is: 'numbers with points between thousands',
    cure: 'send thousands=. and decimal=,',
  },
  {
    id: 'thousands_blank',
    pattern: shape(String.raw`[+-]?\d{1,3}(?:[ \u00a0\u202f\u2009]\d{3})+(?:[.,]\d+)?`),
    is: 'numbers with blanks between thousands',
    cure: 'send thousands=blank, with decimal=, if they have decimal commas',
  },
  {
    id: 'thousands_apostrophe',
    pattern: shape(String.raw`[+-]?\d{1,3}(?:['’]\d{3})+(?:[.,]\d+)?`),
    is: 'numbers with apostrophes between thousands',
    cure: 'send thousands=apostrophe',
  },
  {
    id: 'thousands_underscore',
    pattern: shape(String.raw`[+-]?\d{1,3}(?:_\d{3})+(?:[.,]\d+)?`),
    is: 'numbers with underscores between thousands',
    cure: 'send thousands=underscore',
  },
  {
    id: 'date',
    pattern: shape(
      String.raw`(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]* \d{1,2},? \d{4}|\d{1,2}[- ](?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[- ]\d{2,4})(?:[T ].*)?`,
    ),
    is: 'dates, which are not read as numbers',
    cure: 'give numbers instead, such as year, month, or seconds since 1970',
  },
  {
    id: 'time',
    pattern: shape(String.raw`\d{1,3}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:\s?[ap]m)?`),
    is: 'times, which are not read as numbers',
    cure: 'give numbers instead, such as minutes',
  },
  {
    id: 'percent',
    pattern: shape(String.raw`${signed}\s*(?:%|‰|percent|pct)`),
    is: 'numbers with a per cent sign',
    cure: 'write the numbers without it',
  },
  {
    id: 'brackets',
    pattern: shape(String.raw`\(\s*\p{Sc}?\s*${number}\s*\p{Sc}?\s*\)`),
    is: 'numbers in brackets, as accountants write amounts below 0',
    cure: 'write them with a minus',
  },
  {
    id: 'currency',
    pattern: shape(
      String.raw`[+-]?(?:\p{Sc}|[A-Z]{1,3}\p{Sc}|(?:USD|EUR|GBP|CHF|JPY|CNY|INR|RUB|BRL|SEK|NOK|DKK|PLN|CZK|Rs\.?|Fr\.?|kr\.?)\s?)\s*${signed}|${signed}\s*(?:\p{Sc}|USD|EUR|GBP|CHF|JPY|CNY|INR|RUB|BRL|SEK|NOK|DKK|PLN|CZK|Kč|zł|kr\.?|euros?|dollars?)`,
    ),
    is: 'amounts with a currency',
    cure: 'write the numbers without it',
  },
  {
    id: 'other_minus',
    pattern: shape(String.raw`[−–—‐‑]\s?${number}|${number}-`),
    is: 'numbers with a minus that is not "-" before the digits',
    cure: 'write them with "-"',
  },
  {
    id: 'limit',
    pattern: shape(String.raw`[<>≤≥≈~±]=?\s*${signed}`),
    is: 'limits rather than numbers',
    cure: 'write numbers, or send the values as missing',
  },
  {
    id: 'mark',
    pattern: shape(String.raw`['’]${signed}|${signed}\s*[*†‡#]+`),
    is: 'numbers with a mark',
    cure: 'write the numbers without it',
  },
  {
    id: 'range',
    pattern: shape(String.raw`${number}\s?(?:[-–/]|to|bis)\s?${number}`),
    is: 'ranges or fractions',
    cure: 'write one number for each',
  },
  {
    id: 'unit',
    pattern: shape(String.raw`${signed}\s?[°µμΩ]?[\p{L}/²³°"″′]{1,12}\d?`),
    is: 'numbers with units',
    cure: 'write the numbers without the unit',
  },
]

/** A unit is the same for most values; codes such as 12A and 7C are no numbers. */
const maxUnits = 3

/** Returns how a text writes a number, or null if it is another text. */
export function shapeOf(text: string): ValueShape | null {
  // no pattern matches without a digit, except infinity
  if (text.length > 60 || !/\d|^[+-]?inf/i.test(text)) return null
  return valueShapes.find(({ pattern }) => pattern.test(text)) ?? null
}

/** True if the shape is a number in another notation, and no date or time. */
export const isNumeric = ({ id }: ValueShape): boolean => id !== 'date' && id !== 'time'

/** Counts the shapes of some texts. Texts with many units count as other texts. */
export function countShapes(texts: readonly string[]): Map<ValueShape, string[]> {
  const byShape = new Map<ValueShape, string[]>()
  for (const text of texts) {
    const found = shapeOf(text)
    if (!found) continue
    const examples = byShape.get(found)
    if (examples) examples.push(text)
    else byShape.set(found, [text])
  }
  for (const [found, examples] of byShape) {
    if (found.id !== 'unit') continue
    const units = new Set(examples.map(text => text.replace(/^[+-]?[\d.,'’\s]*/u, '')))
    if (units.size > maxUnits) byShape.delete(found)
  }
  return byShape
}

/** Words that often mean a missing value and may also be a value. */
const missingWords = new Set([
  ...[
    '.',
    '..',
    '...',
    '\\n',
    '--',
    '---',
    '_',
    '*',
    '**',
    '***',
    '#',
    '(null)',
    '[null]',
    '(blank)',
  ],
  ...['#null!', '#div/0!', '#value!', '#ref!', '#num!', '#name?', 'n.a.', 'n.d.', 'n.k.', 'n/d'],
  ...[
    'k.a.',
    'k. a.',
    'missing',
    'unknown',
    'undefined',
    'nil',
    'tbd',
    'not available',
    'no data',
    'empty',
  ],
  ...[
    'not applicable',
    'inf',
    '-inf',
    'infinity',
    '-infinity',
    '–',
    '—',
    '−',
    '•',
    'x.x',
    'na.',
    'keine angabe',
  ],
])

/** True if a text often means that a value is missing. */
export const isLikelyMissing = (text: string): boolean => missingWords.has(text.toLowerCase())

/** Numbers that often mean a missing value, if they lie far from the others. */
const missingNumbers = new Set(
  [99, 999, 9999, 99999, 999999, 9999999, 99.9, 999.9, 9999.9, 99.99, 999.99].flatMap(value => [
    value,
    -value,
  ]),
)
for (const value of [-8888, -888, -777, -7777, -32768, -2147483648, 1e20, 1e30, 9.96921e36]) {
  missingNumbers.add(value)
}

export const isLikelyMissingNumber = (value: number): boolean => missingNumbers.has(value)
