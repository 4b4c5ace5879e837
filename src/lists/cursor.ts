import { invalidCursor } from '../errors.js'
import type { FieldValue } from './field-value.js'
import { describeOrder, type Order, type Place } from './order.js'

/** The cursor of the page after an item. It holds the place of the item, so that it stays valid if the item goes. */
export function encodeCursor({ id, values }: Place, order: Order): string {
  const text = JSON.stringify([describeOrder(order), id, ...values.map(toJson)])
  return Buffer.from(text).toString('base64url')
}

/** Throws INVALID_CURSOR for a text that is no cursor, or is that of a list in another order. */
export function decodeCursor(cursor: string, order: Order): Place {
  const parts = parse(cursor)
  const [description, id, ...values] = Array.isArray(parts) ? parts : []
  const isValid =
    description === describeOrder(order) &&
    typeof id === 'string' &&
    values.length === order.keys.length &&
    values.every(isStored)
  if (!isValid) throw invalidCursor(cursor)
  return { id, values: values.map(fromJson) }
}

function parse(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString())
  } catch {
    return null
  }
}

/** JSON has no Infinity. */
type StoredValue = FieldValue | null | ['Infinity' | '-Infinity']

const toJson = (value: FieldValue | null): StoredValue =>
  typeof value === 'number' && !Number.isFinite(value)
    ? [value > 0 ? 'Infinity' : '-Infinity']
    : value

const isStored = (value: unknown): value is StoredValue =>
  value === null ||
  ['number', 'string', 'boolean'].includes(typeof value) ||
  (Array.isArray(value) && value.length === 1 && ['Infinity', '-Infinity'].includes(value[0]))

const fromJson = (value: StoredValue): FieldValue | null =>
  Array.isArray(value) ? Number(value[0]) : value
