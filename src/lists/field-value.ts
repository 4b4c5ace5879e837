/** A value that lists sort and filter by. */
export type FieldValue = number | string | boolean

/**
 * The value of a field such as `progress.step` or `labels.example.org/team`; undefined if there is none. NaN, which has
 * no place in an order, counts as none.
 */
export function fieldValue(document: object, path: string): FieldValue | undefined {
  const value = pathIn(document, path)
  if (typeof value === 'string' && path.startsWith('metrics.')) return numberOf(Number(value))
  if (typeof value === 'number') return numberOf(value)
  return typeof value === 'string' || typeof value === 'boolean' ? value : undefined
}

/** What an item has at a path; undefined if it has nothing there. */
export function pathIn(document: unknown, path: string): unknown {
  if (typeof document !== 'object' || document === null) return undefined
  // the name of a label or of a metric may have dots
  if (Object.hasOwn(document, path)) return document[path as keyof typeof document]
  const dot = path.indexOf('.')
  if (dot < 0) return undefined
  const head = path.slice(0, dot)
  if (!Object.hasOwn(document, head)) return undefined
  return pathIn(document[head as keyof typeof document], path.slice(dot + 1))
}

const numberOf = (value: number) => (Number.isNaN(value) ? undefined : value)

const typeOrder = ['number', 'string', 'boolean']

/** Numbers come before texts; texts are compared by their UTF-16 code units. */
export function compareValues(a: FieldValue, b: FieldValue): number {
  if (typeof a !== typeof b) return typeOrder.indexOf(typeof a) - typeOrder.indexOf(typeof b)
  return a < b ? -1 : a > b ? 1 : 0
}
