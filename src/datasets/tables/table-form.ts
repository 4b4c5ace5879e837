import { type FieldErrors, quoteJson } from '../../errors.js'
import { type CellFormat, type ColumnType, columnTypes } from '../../spec/dataset.js'
import { addFormError } from '../errors.js'
import { decimalSigns, thousandsSigns } from './cell-format.js'
import type { CsvDialect } from './dialect/csv-dialect.js'
import { delimiters } from './dialect/delimiter.js'

/** The options of a form that concern tables. The rest is detected from the files. */
export interface TableForm {
  dialect: Partial<CsvDialect>
  /** Declared column types, in the form's order. */
  types: [name: string, type: ColumnType][]
  target: string | null
  /** `decimal` is absent if the form does not say it. */
  cells: Partial<CellFormat>
  /** The sheet of a workbook; null for the first that is shown. */
  sheet: string | null
}

export interface TableFields {
  delimiter?: string
  header?: string
  schema?: string
  target?: string
  decimal?: string
  thousands?: string
  missing?: string
  sheet?: string
}

export function parseTableFields(form: TableFields, errors: FieldErrors): TableForm {
  return {
    dialect: { ...parseDelimiter(form.delimiter, errors), ...parseHeader(form.header, errors) },
    types: form.schema === undefined ? [] : parseSchema(form.schema, errors),
    target: form.target ?? null,
    cells: parseCellFormat(form, errors),
    sheet: form.sheet ?? null,
  }
}

function parseCellFormat(form: TableFields, errors: FieldErrors): Partial<CellFormat> {
  const decimal = parseSign('decimal', form.decimal, decimalSigns, errors)
  const thousands = parseSign('thousands', form.thousands, thousandsSigns, errors)
  const missing = form.missing === undefined ? null : parseMissing(form.missing, errors)
  if (thousands && thousands === (decimal ?? '.')) {
    const message = `is ${quoteJson(thousands)}, which is the decimal sign: send decimal as well`
    addFormError(errors, 'thousands', message)
  }
  return {
    ...(decimal && { decimal }),
    ...(thousands && { thousands }),
    ...(missing && { missing }),
  }
}

/** A sign may be given by its name, since some cannot be seen. */
function parseSign<Sign extends string>(
  field: string,
  text: string | undefined,
  signs: Readonly<Record<string, Sign>>,
  errors: FieldErrors,
): Sign | null {
  if (text === undefined) return null
  const found = Object.entries(signs).find(([name, sign]) => text === name || text === sign)
  if (found) return found[1]
  const names = Object.entries(signs).map(([name, sign]) => (sign.trim() === '' ? name : sign))
  addFormError(errors, field, `is ${quoteJson(text)}, expected one of ${names.join(' ')}`)
  return null
}

const maxMissingWords = 100
const maxMissingWordLength = 200

/** `["."]`: words for a missing value. */
function parseMissing(text: string, errors: FieldErrors): string[] | null {
  let words: unknown
  try {
    words = JSON.parse(text)
  } catch {
    words = null
  }
  const isList =
    Array.isArray(words) &&
    words.length <= maxMissingWords &&
    words.every(word => typeof word === 'string' && word.length <= maxMissingWordLength)
  if (isList) return (words as string[]).map(word => word.trim()).filter(word => word !== '')
  const message = `is ${quoteJson(text)}, expected a JSON array of up to ${maxMissingWords} texts such as [".","-999"]`
  addFormError(errors, 'missing', message)
  return null
}

function parseDelimiter(text: string | undefined, errors: FieldErrors): Partial<CsvDialect> {
  const sign = parseSign('delimiter', text, delimiters, errors)
  return sign === null ? {} : { delimiter: sign.charCodeAt(0) }
}

function parseHeader(text: string | undefined, errors: FieldErrors): Partial<CsvDialect> {
  if (text === undefined) return {}
  if (text === 'true' || text === 'false') return { header: text === 'true' }
  addFormError(errors, 'header', `is ${quoteJson(text)}, expected true or false`)
  return {}
}

/** `{ "zip": "category" }`, or `[{ "name": "zip", "type": "category" }]`; the types of other columns are inferred. */
function parseSchema(text: string, errors: FieldErrors): TableForm['types'] {
  const expected = 'expected JSON such as {"zip":"category"} or [{"name":"zip","type":"category"}]'
  let schema: unknown
  try {
    schema = JSON.parse(text)
  } catch {
    addFormError(errors, 'schema', `is ${quoteJson(text)}, ${expected}`)
    return []
  }
  const entries = schemaEntries(schema)
  if (!entries) {
    addFormError(errors, 'schema', `is ${quoteJson(text)}, ${expected}`)
    return []
  }
  const types = new Map<string, ColumnType>()
  for (const [name, type] of entries) {
    const columnType = columnTypes.find(one => one === type)
    if (!columnType) {
      const options = columnTypes.join(', ')
      addFormError(
        errors,
        'schema',
        `has type ${quoteJson(type)} for ${quoteJson(name)}, expected one of ${options}`,
      )
    } else if (types.has(name)) addFormError(errors, 'schema', `has ${quoteJson(name)} twice`)
    else types.set(name, columnType)
  }
  return [...types]
}

function schemaEntries(schema: unknown): [string, unknown][] | null {
  if (typeof schema !== 'object' || schema === null) return null
  if (!Array.isArray(schema)) return Object.entries(schema)
  const valid = schema.every(
    entry =>
      typeof entry === 'object' &&
      entry !== null &&
      typeof entry.name === 'string' &&
      Object.keys(entry).every(key => key === 'name' || key === 'type'),
  )
  return valid ? schema.map(({ name, type }) => [name, type]) : null
}
