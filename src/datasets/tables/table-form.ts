import { type ColumnType, columnTypes } from '../../spec/dataset.js'
import { type Dialect, delimiters } from './csv-dialect.js'

/** What a form says of a table; files say the rest. */
export interface TableForm {
  dialect: Partial<Dialect>
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

type Flaw = (field: string, message: string) => void

export function parseTableFields(form: TableFields, flaw: Flaw): TableForm {
  return {
    dialect: { ...parseDelimiter(form.delimiter, flaw), ...parseHeader(form.header, flaw) },
    types: form.schema === undefined ? [] : parseSchema(form.schema, flaw),
    target: form.target ?? null,
  }
}

function parseDelimiter(text: string | undefined, flaw: Flaw): Partial<Dialect> {
  if (text === undefined) return {}
  const found = Object.entries(delimiters).find(([name, sign]) => text === name || text === sign)
  if (found) return { delimiter: found[1].charCodeAt(0) }
  const names = Object.entries(delimiters).map(([name, sign]) => (sign === '\t' ? name : sign))
  flaw('delimiter', `is ${quoted(text)}, expected one of ${names.join(' ')}`)
  return {}
}

function parseHeader(text: string | undefined, flaw: Flaw): Partial<Dialect> {
  if (text === undefined) return {}
  if (text === 'true' || text === 'false') return { header: text === 'true' }
  flaw('header', `is ${quoted(text)}, expected true or false`)
  return {}
}

/** `{ "zip": "category" }`, or `[{ "name": "zip", "type": "category" }]`; columns left out are inferred. */
function parseSchema(text: string, flaw: Flaw): TableForm['types'] {
  const expected = 'expected JSON such as {"zip":"category"} or [{"name":"zip","type":"category"}]'
  let schema: unknown
  try {
    schema = JSON.parse(text)
  } catch {
    flaw('schema', `is ${quoted(text)}, ${expected}`)
    return []
  }
  const pairs = pairsOf(schema)
  if (!pairs) {
    flaw('schema', `is ${quoted(text)}, ${expected}`)
    return []
  }
  const types = new Map<string, ColumnType>()
  for (const [name, type] of pairs) {
    const known = columnTypes.find(one => one === type)
    if (!known) {
      const options = columnTypes.join(', ')
      flaw('schema', `has type ${quoted(type)} for ${quoted(name)}, expected one of ${options}`)
    } else if (types.has(name)) flaw('schema', `has ${quoted(name)} twice`)
    else types.set(name, known)
  }
  return [...types]
}

function pairsOf(schema: unknown): [string, unknown][] | null {
  if (typeof schema !== 'object' || schema === null) return null
  if (!Array.isArray(schema)) return Object.entries(schema)
  const whole = schema.every(
    one =>
      typeof one === 'object' &&
      one !== null &&
      typeof one.name === 'string' &&
      Object.keys(one).every(key => key === 'name' || key === 'type'),
  )
  return whole ? schema.map(({ name, type }) => [name, type]) : null
}

const quoted = (value: unknown) => String(JSON.stringify(value)).slice(0, 100)
