import { signal } from '@preact/signals'

/**
 * Where the page is: what stands after `#` in its URL, such as `/jobs?status=running`. The page is one document,
 * so its places need no routes on the server, do not collide with those of the API, and work behind any proxy.
 */
export interface Place {
  path: string
  query: URLSearchParams
}

export const place = signal(readPlace())

addEventListener('hashchange', () => {
  place.value = readPlace()
})

function readPlace(): Place {
  const [path = '', query = ''] = location.hash.slice(1).split(/\?(.*)/s)
  return { path: path || '/', query: new URLSearchParams(query) }
}

export type Query = Record<string, string | number | readonly string[] | null | undefined>

/** The address of a place, for `href`. Parameters that are null, undefined or empty are left out. */
export function placeUrl(path: string, query: Query = {}): string {
  const parameters = new URLSearchParams()
  setParameters(parameters, query)
  const text = parameters.toString()
  return `#${path}${text && `?${text}`}`
}

/** A path of segments that may have any characters, such as names: `pathTo('jobs', id)`. */
export const pathTo = (...segments: readonly (string | number)[]): string =>
  `/${segments.map(encodeURIComponent).join('/')}`

/** Goes to another place. With `replace`, the back button does not return to the present one. */
export function goTo(url: string, { replace = false } = {}): void {
  if (!replace) {
    location.hash = url
    return
  }
  history.replaceState(history.state, '', url)
  place.value = readPlace()
}

/** Changes parameters of the present place, and keeps the others. Null, undefined and '' remove one. */
export function setQuery(changes: Query, { replace = true } = {}): void {
  const query = new URLSearchParams(place.value.query)
  setParameters(query, changes)
  const text = query.toString()
  goTo(`#${place.value.path}${text && `?${text}`}`, { replace })
}

function setParameters(parameters: URLSearchParams, values: Query): void {
  for (const [name, value] of Object.entries(values)) {
    parameters.delete(name)
    for (const each of Array.isArray(value) ? value : [value]) {
      if (each !== null && each !== undefined && each !== '') parameters.append(name, String(each))
    }
  }
}
