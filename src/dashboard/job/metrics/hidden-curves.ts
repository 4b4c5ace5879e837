import { place, setQuery } from '../../place.js'

/** The metrics whose curves are not drawn: `hide` in the address. */
export const hiddenCurves = (): readonly string[] =>
  place.value.query.get('hide')?.split(',').filter(Boolean) ?? []

export function toggleCurve(name: string): void {
  const hidden = hiddenCurves()
  const changed = hidden.includes(name) ? hidden.filter(each => each !== name) : [...hidden, name]
  setQuery({ hide: changed.join(',') })
}
