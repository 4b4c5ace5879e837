import { type ColumnType, columnTypes } from '../../spec/dataset.js'
import { type CsvDialect, delimiters } from './csv-dialect.js'

/** What a form says of a table; files say the rest. */
export interface TableForm {
  dialect: Partial<CsvDialect>
  /** By column, in the form's order. */
  types: [name: string, type: ColumnType][]
  target: string | null
}

export interface TableFields {
  delimiter?: string
  header?: string
  schema?: string
  target?: string
}

type AddError = (field: string, message: string) => void

export function parseTableFields(form: TableFields, addError: AddError): TableForm {
  return {
    dialect: { ...parseDelimiter(form.delimiter, addError), ...parseHeader(form.header, addError) },
    types: form.schema === undefined ? [] : parseSchema(form.schema, addError),
    target: form.target ?? null,
  }
}

function parseDelimiter(text: string | undefined, addError: AddError): Partial<CsvDialect> {
  if (text === undefined) return {}
  const found = Object.entries(delimiters).find(
    ([name, character]) => text === name || text === character,
  )
  if (found) return { delimiter: found[1].charCodeAt(0) }
  const names = Object.entries(delimiters).map(([name, sign]) => (sign === '\t' ? name : sign))
  addError('delimiter', `is ${quoteTruncated(text)}, expected one of ${names.join(' ')}`)
  return {}
}

function parseHeader(text: string | undefined, addError: AddError): Partial<CsvDialect> {
  if (text === undefined) return {}
  if (text === 'true' || text === 'false') return { header: text === 'true' }
  addError('header', `is ${quoteTruncated(text)}, expected true or false`)
  return {}
}

/** `{ "zip": "category" }`, or `[{ "name": "zip", "type": "category" }]`; columns left out are inferred. */
function parseSchema(text: string, addError: AddError): TableForm['types'] {
  const expected = 'expected JSON such as {"zip":"category"} or [{"name":"zip","type":"category"}]'
  let schema: unknown
  try {
    schema = JSON.parse(text)
  } catch {
    addError('schema', `is ${quoteTruncated(text)}, ${expected}`)
    return []
  }
  const entries = schemaEntries(schema)
  if (!entries) {
    addError('schema', `is ${quoteTruncated(text)}, ${expected}`)
    return []
  }
  const types = new Map<string, ColumnType>()
  for (const [name, type] of entries) {
    const columnType = columnTypes.find(one => one === type)
    if (!columnType) {
      const options = columnTypes.join(', ')
      addError(
        'schema',
        `has type ${quoteTruncated(type)} for ${quoteTruncated(name)}, expected one of ${options}`,
      )
    } else if (types.has(name)) addError('schema', `has ${quoteTruncated(name)} twice`)
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

const quoteTruncated = (value: unknown) => String(JSON.stringify(value)).slice(0, 100)
