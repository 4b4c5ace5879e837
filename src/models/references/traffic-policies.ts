import { FieldErrors } from '../../errors.js'
import { defaultAlias, latestAlias } from '../../spec/model-selector.js'
import type { TrafficPolicy, TrafficRequest } from '../../spec/model-traffic.js'
import { aliasNotFound, modelNotFound } from '../errors.js'
import type { ModelRegistry } from '../registry.js'
import type { ChangeAuthor } from './model-aliases.js'
import { aliasIn, type ModelJournal, type References } from './model-journal.js'

type Shares = readonly { version?: number; alias?: string }[]

/** How the requests of a bare name or an alias are spread over versions. */
export class TrafficPolicies {
  constructor(
    private readonly models: Pick<ModelRegistry, 'versions'>,
    private readonly journal: ModelJournal,
  ) {}

  /** Null if nothing is set. Throws MODEL_NOT_FOUND, and ALIAS_NOT_FOUND for an alias that does not exist. */
  async get(name: string, alias: string | undefined): Promise<TrafficPolicy | null> {
    await this.requireModel(name)
    const { aliases, traffic } = await this.journal.references(name)
    if (alias !== undefined && !aliasIn(aliases, alias))
      throw aliasNotFound(name, alias, Object.keys(aliases))
    return trafficIn(traffic, alias ?? '') ?? null
  }

  /**
   * Replaces what was set. Without any share, requests go where they would without a split. Throws INVALID_TRAFFIC
   * with all invalid fields.
   */
  async set(
    name: string,
    { alias, split = [], shadow = [], stickyHeader = null }: Omit<TrafficRequest, 'reason'>,
    author: ChangeAuthor,
  ): Promise<TrafficPolicy | null> {
    await this.requireModel(name)
    let policy: TrafficPolicy | null = null
    await this.journal.append(name, author, async (references, at) => {
      const { aliases, traffic, removed } = references
      if (alias !== undefined && !aliasIn(aliases, alias))
        throw aliasNotFound(name, alias, Object.keys(aliases))
      const versions = (await this.models.versions(name)).filter(each => !removed.includes(each))
      const errors = new FieldErrors()
      checkShares('split', split, { aliases, versions }, errors)
      checkShares('shadow', shadow, { aliases, versions }, errors)
      if (split.length > 0 && split.every(({ weight }) => weight === 0)) {
        errors.add('/split', 'out_of_range', 'all weights are 0: give at least one share a weight')
      }
      if (stickyHeader !== null && split.length === 0) {
        errors.add('/stickyHeader', 'contradiction', 'a stickyHeader goes with a split')
      }
      errors.throwIfAny('INVALID_TRAFFIC')
      const isEmpty = split.length === 0 && shadow.length === 0
      policy = isEmpty ? null : { split, shadow, stickyHeader, at, ...author }
      if (isEmpty && !trafficIn(traffic, alias ?? '')) return null
      const { [alias ?? '']: _, ...others } = traffic
      const changed = policy ? { ...others, [alias ?? '']: policy } : others
      return { changes: [], references: { ...references, traffic: changed } }
    })
    return policy
  }

  private async requireModel(name: string): Promise<void> {
    if ((await this.models.versions(name)).length === 0) throw modelNotFound(name)
  }
}

/** An alias in a split means the version that it names, never its own split: so no split leads in a circle. */
function checkShares(
  field: 'split' | 'shadow',
  shares: Shares,
  { aliases, versions }: Pick<References, 'aliases'> & { versions: readonly number[] },
  errors: FieldErrors,
): void {
  const seen = new Set<string>()
  for (const [i, { version, alias }] of shares.entries()) {
    const path = `/${field}/${i}`
    if ((version === undefined) === (alias === undefined)) {
      errors.add(path, 'contradiction', `${field} ${i}: give one of version and alias`)
      continue
    }
    const key = version === undefined ? `alias '${alias}'` : `version ${version}`
    if (seen.has(key)) errors.add(path, 'duplicate', `${field} has ${key} twice: add their shares`)
    seen.add(key)
    if (version !== undefined && !versions.includes(version)) {
      const known = versions.slice(-20).join(', ')
      const message = `${field} ${i}: there is no version ${version}; there are ${known}`
      errors.add(`${path}/version`, 'model_not_found', message)
    }
    if (alias === undefined || aliasIn(aliases, alias) || alias === latestAlias) continue
    const known = [...Object.keys(aliases), latestAlias].join(', ')
    errors.add(
      `${path}/alias`,
      'alias_not_found',
      `${field} ${i}: there is no alias '${alias}'; there are ${known}`,
    )
  }
}

const trafficIn = (traffic: References['traffic'], key: string): TrafficPolicy | undefined =>
  Object.hasOwn(traffic, key) ? traffic[key] : undefined

/** The traffic that a request without version comes under, and the alias whose version it would get without any. */
export function policyOf(
  { aliases, traffic }: References,
  alias: string | undefined,
): { key: string; policy: TrafficPolicy } | null {
  const keys =
    alias === undefined ? ['', ...(aliasIn(aliases, defaultAlias) ? [defaultAlias] : [])] : [alias]
  for (const key of keys) {
    const policy = trafficIn(traffic, key)
    if (policy) return { key, policy }
  }
  return null
}
