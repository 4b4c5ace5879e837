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
  let value = document
  for (const { rest, head } of endsOf(path)) {
    if (typeof value !== 'object' || value === null) return undefined
    // the name of a label or of a metric may have dots
    if (Object.hasOwn(value, rest)) return value[rest as keyof typeof value]
    if (head === null || !Object.hasOwn(value, head)) return undefined
    value = value[head as keyof typeof value]
  }
  return undefined
}

interface PathEnd {
  rest: string
  /** Up to the first dot; null if there is none. */
  head: string | null
}

/** Clients name the paths. */
const maxKnownPaths = 1000
const knownPaths = new Map<string, readonly PathEnd[]>()

/** The path and its parts after each dot. To cut it anew takes most of the time of sorting ten thousand items. */
function endsOf(path: string): readonly PathEnd[] {
  const known = knownPaths.get(path)
  if (known) return known
  const ends: PathEnd[] = []
  for (let rest = path; ; ) {
    const dot = rest.indexOf('.')
    ends.push({ rest, head: dot < 0 ? null : rest.slice(0, dot) })
    if (dot < 0) break
    rest = rest.slice(dot + 1)
  }
  if (knownPaths.size >= maxKnownPaths) knownPaths.clear()
  knownPaths.set(path, ends)
  return ends
}

const numberOf = (value: number) => (Number.isNaN(value) ? undefined : value)

const typeOrder = ['number', 'string', 'boolean']

/** Numbers come before texts; texts are compared by their UTF-16 code units. */
export function compareValues(a: FieldValue, b: FieldValue): number {
  if (typeof a !== typeof b) return typeOrder.indexOf(typeof a) - typeOrder.indexOf(typeof b)
  return a < b ? -1 : a > b ? 1 : 0
}
