import { type FieldErrors, quoteJson } from '../../errors.js'
import { type ColumnType, columnTypes } from '../../spec/dataset.js'
import { addFormError } from '../errors.js'
import { type CsvDialect, delimiters } from './csv-dialect.js'

/** The options of a form that concern tables. The rest is detected from the files. */
export interface TableForm {
  dialect: Partial<CsvDialect>
  /** Declared column types, in the form's order. */
  types: [name: string, type: ColumnType][]
  target: string | null
}

export interface TableFields {
  delimiter?: string
  header?: string
  schema?: string
  target?: string
}

export function parseTableFields(form: TableFields, errors: FieldErrors): TableForm {
  return {
    dialect: { ...parseDelimiter(form.delimiter, errors), ...parseHeader(form.header, errors) },
    types: form.schema === undefined ? [] : parseSchema(form.schema, errors),
    target: form.target ?? null,
  }
}

function parseDelimiter(text: string | undefined, errors: FieldErrors): Partial<CsvDialect> {
  if (text === undefined) return {}
  const found = Object.entries(delimiters).find(
    ([name, character]) => text === name || text === character,
  )
  if (found) return { delimiter: found[1].charCodeAt(0) }
  const names = Object.entries(delimiters).map(([name, sign]) => (sign === '\t' ? name : sign))
  addFormError(errors, 'delimiter', `is ${quoteJson(text)}, expected one of ${names.join(' ')}`)
  return {}
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
