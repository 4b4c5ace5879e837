import { compareValues, type FieldValue, fieldValue } from './field-value.js'

export interface SortKey {
  path: string
  descending: boolean
}

/** How a list is sorted. Items with equal values in all keys are sorted by id, so the order is total. */
export interface Order {
  keys: readonly SortKey[]
  /** Whether larger ids come first. */
  idsDescending: boolean
}

/** The place of an item in a sorted list. */
export interface Place {
  id: string
  /** One for each key; null if the item has no such value. */
  values: readonly (FieldValue | null)[]
}

export const placeOf = (id: string, document: object, { keys }: Order): Place => ({
  id,
  values: keys.map(({ path }) => fieldValue(document, path) ?? null),
})

/** Items without a value come last, whatever the direction. */
export function comparePlaces(a: Place, b: Place, { keys, idsDescending }: Order): number {
  for (const [i, { descending }] of keys.entries()) {
    const [left, right] = [a.values[i]!, b.values[i]!]
    if (left === null || right === null) {
      if (left !== right) return left === null ? 1 : -1
      continue
    }
    const compared = compareValues(left, right)
    if (compared !== 0) return descending ? -compared : compared
  }
  const compared = compareValues(a.id, b.id)
  return idsDescending ? -compared : compared
}

export const describeOrder = ({ keys }: Order): string =>
  keys.map(({ path, descending }) => `${descending ? '-' : ''}${path}`).join(',')
