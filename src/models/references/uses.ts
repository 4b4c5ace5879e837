import type { TrafficPolicy } from '../../spec/model-traffic.js'
import type { References } from './model-journal.js'

/** How messages call the traffic of an alias; the empty text is the bare name. */
export const trafficTitle = (alias: string): string =>
  alias === '' ? 'the traffic of the bare name' : `the traffic of alias '${alias}'`

const shares = ({ split, shadow }: TrafficPolicy) => [...split, ...shadow]

/** Which traffic names an alias, or is that of the alias itself; null if none does. */
export function trafficWithAlias(traffic: References['traffic'], alias: string): string | null {
  for (const [key, policy] of Object.entries(traffic)) {
    const isNamed = shares(policy).some(share => share.alias === alias)
    // the bare name's traffic is its own, whether the alias `default` exists or not
    if (isNamed || (key === alias && alias !== '')) return trafficTitle(key)
  }
  return null
}

/** What refers to versions, in words: aliases that name them, and traffic that leads to them by number. */
export function usesOf({ aliases, traffic }: References, versions: readonly number[]): string[] {
  const named = Object.values(aliases)
    .filter(({ version }) => versions.includes(version))
    .map(({ alias, version }) => `alias '${alias}' names version ${version}`)
  const led = Object.entries(traffic).flatMap(([key, policy]) =>
    shares(policy)
      .filter(({ version }) => version !== undefined && versions.includes(version))
      .map(({ version }) => `${trafficTitle(key)} leads to version ${version}`),
  )
  return [...named, ...led]
}
