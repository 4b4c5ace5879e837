/** A request as the form changes it: any JSON object. The server checks it. */
export type Draft = Record<string, unknown>
export type Path = readonly string[]

export function valueAt(draft: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null ? (value as Draft)[key] : undefined,
    draft,
  )
}

/**
 * A copy with another value at a path; undefined removes it. Objects that have become empty go too, except those that
 * the caller put there (`{}` may mean something: `ema: {}` averages with the defaults).
 */
export function withValue(draft: Draft, path: Path, value: unknown): Draft {
  const [key, ...rest] = path
  const { [key!]: present, ...others } = draft
  if (rest.length === 0) return value === undefined ? others : { ...draft, [key!]: value }
  const inner =
    typeof present === 'object' && present !== null && !Array.isArray(present) ? present : {}
  const changed = withValue(inner as Draft, rest, value)
  const isEmptied = value === undefined && Object.keys(changed).length === 0
  return isEmptied ? others : { ...draft, [key!]: changed }
}

/** The name of a path in the errors of the server (RFC 6901). */
export const pointerOf = (path: Path): string =>
  path.map(key => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')

export type Task = 'network' | 'boosting' | 'prediction'

export function taskOf(draft: Draft): Task {
  if ('predict' in draft) return 'prediction'
  return valueAt(draft, ['model', 'kind']) === 'boosting' ? 'boosting' : 'network'
}

/** The request for another task: what all tasks have stays. */
export function withTask({ name, dataset, priority, labels }: Draft, task: Task): Draft {
  const common = Object.fromEntries(
    Object.entries({ name, dataset, priority, labels }).filter(([, value]) => value !== undefined),
  )
  if (task === 'prediction') return { ...common, predict: {} }
  return { ...common, model: { kind: task === 'boosting' ? 'boosting' : 'resnet' } }
}

/** As a command. Single quotes end the text, so each is written as '\''. */
export function curlOf(draft: Draft, url: string): string {
  const body = JSON.stringify(draft, null, 2).replaceAll("'", "'\\''")
  return [
    `curl -s ${url}/jobs -H "Authorization: Bearer $KEY" \\`,
    `  -H 'Content-Type: application/json' \\`,
    `  -d '${body}'`,
  ].join('\n')
}
