import { quoteTruncated } from '../../../errors.js'
import { listNames } from '../../../spec/notes.js'
import type { Strata } from '../sampling.js'
import type { StepErrors } from '../step-errors.js'
import type { ImageFacts } from './image-facts.js'

/** What the upload says of images in one of its fields. */
export type FieldReader = (record: number) => string

/**
 * Opens a field of all images. Adds an error, and returns null, if the upload has no such field, or if some of the
 * images lack it: an image of an unknown patient may be one of any other.
 */
export function openField(
  column: string,
  records: Uint32Array,
  { fieldsOf, sourceOf }: ImageFacts,
  errors: StepErrors,
): FieldReader | null {
  const readField = (record: number): string | undefined => {
    const text = fieldsOf?.(record) ?? ''
    const fields = text === '' ? {} : (JSON.parse(text) as Record<string, string>)
    return Object.hasOwn(fields, column) ? fields[column] : undefined
  }
  const lacking = records.filter(record => readField(record) === undefined)
  if (lacking.length === 0) return record => readField(record)!
  const cure = `give each image one: in a CSV or JSON Lines with the columns file, label and ${column}, or in a JSON file beside the image`
  if (lacking.length < records.length) {
    const example = sourceOf ? `, such as ${sourceOf(lacking[0]!)}` : ''
    const message = `${lacking.length} of ${records.length} images have no '${column}'${example}: ${cure}`
    errors.add('/column', 'unknown_column', message)
    return null
  }
  const names = fieldNames(records, fieldsOf)
  const known = names.length > 0 ? `but ${listNames(names)}` : 'nor any other value'
  errors.add('/column', 'unknown_column', `the images have no '${column}', ${known}: ${cure}`)
  return null
}

function fieldNames(records: Uint32Array, fieldsOf: ImageFacts['fieldsOf']): string[] {
  const names = new Set<string>()
  for (const record of records) {
    const text = fieldsOf?.(record) ?? ''
    if (text !== '') for (const name of Object.keys(JSON.parse(text))) names.add(name)
  }
  return [...names]
}

/** Numbers the groups of images by their first images. */
export function groupsOf(records: Uint32Array, readField: FieldReader): Strata {
  const numbers = new Map<string, number>()
  const of = Uint32Array.from(records, record => {
    const value = readField(record)
    const known = numbers.get(value)
    if (known !== undefined) return known
    numbers.set(value, numbers.size)
    return numbers.size - 1
  })
  return { of, count: numbers.size }
}

/** The time of each image: numbers, or dates. Adds an error, and returns null, if a value is neither. */
export function timesOf(
  column: string,
  records: Uint32Array,
  readField: FieldReader,
  errors: StepErrors,
): Float64Array | null {
  for (const parse of [parseNumber, parseDate]) {
    const times = Float64Array.from(records, record => parse(readField(record)))
    if (!times.some(Number.isNaN)) return times
  }
  const isTime = (text: string) =>
    !Number.isNaN(parseNumber(text)) || !Number.isNaN(parseDate(text))
  const values = Array.from(records, readField)
  const wrong = values.find(text => !isTime(text))
  const message =
    wrong === undefined
      ? `'${column}' has numbers and dates: write all in one way`
      : `'${column}' is ${quoteTruncated(wrong)}, expected a number or an ISO 8601 date such as 2020-01-31 or 2020-01-31T12:30:00Z`
  errors.add('/column', 'invalid_value', message)
  return null
}

const parseNumber = (text: string): number =>
  /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN

/** Without a zone, dates are in UTC. Cameras write colons: 2020:01:31 12:30:00. */
function parseDate(text: string): number {
  const found =
    /^(\d{4})[-:](\d\d)(?:[-:](\d\d))?(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:?\d\d)?)?$/.exec(
      text,
    )
  if (!found) return Number.NaN
  const [, year, month, day = '01', time = '00:00', zone = 'Z'] = found
  const isDay = new Date(`${year}-${month}-${day}T00:00Z`).getUTCDate() === Number(day)
  return isDay ? Date.parse(`${year}-${month}-${day}T${time}${zone}`) : Number.NaN
}
