import { resolveVersion } from '../../models/references/model-aliases.js'
import type { References } from '../../models/references/model-journal.js'
import { policyOf } from '../../models/references/traffic-policies.js'
import type { ModelSelector } from '../../spec/model-selector.js'
import type { ShadowCounts, TrafficPolicy } from '../../spec/model-traffic.js'
import type { Comparison } from './compare-answers.js'
import { FractionTurns, stickyChoice, WeightedTurns } from './weighted-choice.js'

/** Counts what was decided for one bare name or alias, while its policy stays as it is. */
interface Route {
  policy: TrafficPolicy
  turns: WeightedTurns
  shadows: FractionTurns[]
  /** Requests by version. */
  requests: Map<number, number>
  /** By version. */
  shadowCounts: Map<number, ShadowCounts>
}

export interface Routed {
  /** Undefined for the newest one. */
  version: number | undefined
  /** The alias by which the version was found. */
  alias: string | undefined
  /** Null if no traffic is set for the request. */
  route: RouteCounter | null
}

/** Counts for the route of one request. */
export interface RouteCounter {
  /** The version that answers. */
  countRequest(version: number): void
  /** Versions that predict too, of this request; undefined is the newest one. */
  shadows: (number | undefined)[]
  countShadow(version: number, outcome: Comparison | 'dropped' | 'failed' | 'incomparable'): void
}

/** Models and aliases whose traffic is counted in memory. */
const maxRoutes = 1000

/** Decides which version answers each request, by what is set with PUT /models/:id/traffic. */
export class TrafficRouter {
  private readonly routes = new Map<string, Route>()

  /** `header`: reads a header of the request. Throws as `resolveVersion` does. */
  route(
    references: References,
    selector: ModelSelector,
    header: (name: string) => string | undefined = () => undefined,
  ): Routed {
    const { name, version, alias } = selector
    const found = version === undefined ? policyOf(references, alias) : null
    if (!found) return { version: resolveVersion(references, selector), alias, route: null }
    const { key, policy } = found
    const route = this.routeOf(name, key, policy)
    const resolve = (share: { version?: number; alias?: string }) =>
      resolveVersion(references, { name, version: share.version, alias: share.alias })
    const share = choose(route, header, `${name}@${key}`)
    const shadows = policy.shadow
      .filter((_, i) => route.shadows[i]!.next())
      .map(each => resolve(each))
    return {
      version: share ? resolve(share) : resolveVersion(references, selector),
      alias: share ? share.alias : alias,
      route: {
        shadows,
        countRequest: answered =>
          route.requests.set(answered, (route.requests.get(answered) ?? 0) + 1),
        countShadow: (shadow, outcome) => countShadow(route, shadow, outcome),
      },
    }
  }

  /** The version that answers, without counting a request; null if turns decide it. Throws as `resolveVersion` does. */
  resolve(
    references: References,
    selector: ModelSelector,
  ): Pick<Routed, 'version' | 'alias'> | null {
    const { version, alias } = selector
    if (version === undefined && policyOf(references, alias)?.policy.split.length) return null
    return { version: resolveVersion(references, selector), alias }
  }

  /** What this process has counted since it started, or since the policy was set; null if nothing. */
  counts(
    name: string,
    alias: string | undefined,
    policy: TrafficPolicy,
  ): Pick<Route, 'requests' | 'shadowCounts'> | null {
    const found = this.routes.get(keyOf(name, alias ?? ''))
    return found && isSame(found.policy, policy) ? found : null
  }

  /** All routes, for metrics. */
  *all(): Iterable<{ name: string; route: Pick<Route, 'requests' | 'shadowCounts'> }> {
    for (const [key, route] of this.routes) yield { name: key.slice(0, key.indexOf('@')), route }
  }

  private routeOf(name: string, alias: string, policy: TrafficPolicy): Route {
    const key = keyOf(name, alias)
    const known = this.routes.get(key)
    if (known && (known.policy === policy || isSame(known.policy, policy))) {
      // a later entry of the journal has a copy of it
      known.policy = policy
      return known
    }
    const route = {
      policy,
      turns: new WeightedTurns(policy.split.map(({ weight }) => weight)),
      shadows: policy.shadow.map(({ fraction }) => new FractionTurns(fraction)),
      requests: new Map<number, number>(),
      shadowCounts: new Map<number, ShadowCounts>(),
    }
    this.routes.delete(key)
    this.routes.set(key, route)
    const [oldest] = this.routes.keys()
    if (this.routes.size > maxRoutes) this.routes.delete(oldest!)
    return route
  }
}

const keyOf = (name: string, alias: string) => `${name}@${alias}`

const isSame = (a: TrafficPolicy, b: TrafficPolicy) => JSON.stringify(a) === JSON.stringify(b)

function choose(
  { policy: { split, stickyHeader }, turns }: Route,
  header: (name: string) => string | undefined,
  salt: string,
) {
  if (split.length === 0) return null
  const text = stickyHeader === null ? undefined : header(stickyHeader)
  if (text === undefined) return split[turns.next()]!
  const weights = split.map(({ weight }) => weight)
  return split[stickyChoice(weights, text, salt)]!
}

function countShadow(
  { shadowCounts }: Route,
  version: number,
  outcome: Comparison | 'dropped' | 'failed' | 'incomparable',
): void {
  const counts = shadowCounts.get(version) ?? {
    ...{ compared: 0, instances: 0, different: 0, maxDifference: null },
    ...{ dropped: 0, failed: 0, incomparable: 0 },
  }
  shadowCounts.set(version, counts)
  if (typeof outcome === 'string') {
    counts[outcome]++
    return
  }
  counts.compared++
  counts.instances += outcome.instances
  counts.different += outcome.different
  if (outcome.maxDifference !== null)
    counts.maxDifference = Math.max(counts.maxDifference ?? 0, outcome.maxDifference)
}
