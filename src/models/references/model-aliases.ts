import { invalidCursor, TrainyardError } from '../../errors.js'
import type { AliasChange, AliasChangeKind, ModelAlias } from '../../spec/model-alias.js'
import { type CheckedCondition, maxAliases, maxPrevious } from '../../spec/model-alias.js'
import {
  aliasProblem,
  defaultAlias,
  latestAlias,
  type ModelSelector,
} from '../../spec/model-selector.js'
import {
  aliasChanged,
  aliasInTraffic,
  aliasNotFound,
  aliasTargetGone,
  invalidAlias,
  modelNotFound,
  nothingToRollBackTo,
  tooManyAliases,
} from '../errors.js'
import type { ModelRegistry } from '../registry.js'
import { aliasIn, type ModelJournal, type References } from './model-journal.js'
import { trafficWithAlias } from './uses.js'

/** Who asks for a change, and why. */
export interface ChangeAuthor {
  by: string
  reason: string | null
}

export interface MoveOptions {
  /** Move only if the alias names this version now; null: only if it does not exist. */
  ifVersion?: number | null | undefined
}

/** Names for versions of models that can be moved, such as `production`. */
export class ModelAliases {
  constructor(
    private readonly models: Pick<ModelRegistry, 'versions' | 'get' | 'assertIntact'>,
    private readonly journal: ModelJournal,
    /** Called with the name of a model after its aliases were changed. */
    private readonly onChanged: (name: string) => void = () => {},
  ) {}

  /** Sorted by name. Throws MODEL_NOT_FOUND. */
  async list(name: string): Promise<ModelAlias[]> {
    const [versions, { aliases }] = await Promise.all([
      this.requireModel(name),
      this.journal.references(name),
    ])
    return Object.keys(aliases)
      .sort()
      .map(alias => existing(aliases[alias]!, versions))
  }

  /** The alias as it is now, or as it was at `time`. Throws MODEL_NOT_FOUND or ALIAS_NOT_FOUND. */
  async get(name: string, alias: string, time?: string): Promise<ModelAlias> {
    const versions = await this.requireModel(name)
    const { aliases } =
      time === undefined
        ? await this.journal.references(name)
        : ((await this.journal.newestAt(name, Date.parse(time)))?.entry.references ?? {
            aliases: {} as References['aliases'],
          })
    const found = aliasIn(aliases, alias)
    if (!found) throw aliasNotFound(name, alias, Object.keys(aliases), time)
    return time === undefined ? existing(found, versions) : found
  }

  /** The version that a selector means. Throws MODEL_NOT_FOUND, ALIAS_NOT_FOUND or a DamagedError. */
  async find(selector: ModelSelector) {
    const { name } = selector
    const references = await this.journal.referencesFor(selector)
    return this.read(name, resolveVersion(references, selector), selector.alias, references)
  }

  /** The newest version if `version` is undefined. `alias`: the one that was asked for. */
  async read(
    name: string,
    version: number | undefined,
    alias: string | undefined,
    { removed }: Pick<References, 'removed'>,
  ) {
    const wanted = version ?? (await this.newestKept(name, removed))
    return this.models.get(name, wanted).catch(error => {
      const isGone = error instanceof TrainyardError && error.code === 'MODEL_NOT_FOUND'
      if (!isGone || alias === undefined || wanted === undefined) throw error
      throw aliasTargetGone(name, alias, wanted)
    })
  }

  /** Makes the alias name a version. Throws if there is no such version, or it is damaged, or the condition does not hold. */
  async move(
    name: string,
    alias: string,
    version: number,
    author: ChangeAuthor,
    { ifVersion }: MoveOptions = {},
  ): Promise<ModelAlias> {
    return this.point(name, alias, author, 'moved', async ({ aliases }) => {
      const found = aliasIn(aliases, alias)?.version ?? null
      if (ifVersion !== undefined && ifVersion !== found)
        throw aliasChanged(name, alias, found, ifVersion)
      return { version }
    })
  }

  /** Makes the alias name a version, for conditions that were found to hold while it named `from`. */
  async promote(
    name: string,
    alias: string,
    promotion: { version: number; from: number | null; conditions: CheckedCondition[] },
    author: ChangeAuthor,
  ): Promise<ModelAlias> {
    const { version, from, conditions } = promotion
    return this.point(name, alias, author, 'promoted', async ({ aliases }) => {
      const found = aliasIn(aliases, alias)?.version ?? null
      if (found !== from) throw aliasChanged(name, alias, found, from)
      return { version, conditions }
    })
  }

  /** Moves the alias back to the version that it named before, of those that exist. */
  async rollBack(
    name: string,
    alias: string,
    author: ChangeAuthor,
    { ifVersion }: MoveOptions = {},
  ): Promise<ModelAlias> {
    const versions = await this.requireModel(name)
    return this.point(name, alias, author, 'rolledBack', async ({ aliases, removed }) => {
      const current = aliasIn(aliases, alias)
      if (!current) throw aliasNotFound(name, alias, Object.keys(aliases))
      if (ifVersion !== undefined && ifVersion !== current.version)
        throw aliasChanged(name, alias, current.version, ifVersion)
      const kept = versions.filter(version => !removed.includes(version))
      const previous = [...existing(current, kept).previous]
      const version = previous.pop()
      if (version === undefined) throw nothingToRollBackTo(name, alias)
      return { version, previous }
    })
  }

  async remove(name: string, alias: string, author: ChangeAuthor): Promise<void> {
    await this.requireModel(name)
    await this.journal.append(name, author, async (references, at) => {
      const { aliases, traffic } = references
      const found = aliasIn(aliases, alias)
      if (!found) throw aliasNotFound(name, alias, Object.keys(aliases))
      const user = trafficWithAlias(traffic, alias)
      if (user !== null) throw aliasInTraffic(name, alias, user)
      const { [alias]: _, ...others } = aliases
      const change = { alias, change: 'deleted' as const, from: found.version, to: null }
      return {
        changes: [{ ...change, at, ...author }],
        references: { ...references, aliases: others },
      }
    })
    this.onChanged(name)
  }

  /** A page of an alias's changes, newest first, also of one that was deleted. Throws MODEL_NOT_FOUND. */
  async history(
    name: string,
    alias: string,
    { limit, before }: { limit: number; before?: number | undefined },
  ): Promise<{ items: AliasChange[]; next: number | null }> {
    await this.requireModel(name)
    const items: AliasChange[] = []
    for await (const { n, entry } of this.journal.backwards(name, before)) {
      const found = entry.changes.filter(change => change.alias === alias)
      // one entry changes an alias once
      if (found.length > 0 && items.length === limit) return { items, next: n + 1 }
      items.push(...found)
    }
    return { items, next: null }
  }

  private async point(
    name: string,
    alias: string,
    author: ChangeAuthor,
    change: AliasChangeKind,
    decide: (
      references: References,
    ) => Promise<{ version: number; conditions?: CheckedCondition[]; previous?: number[] }>,
  ): Promise<ModelAlias> {
    const problem = aliasProblem(alias)
    if (problem !== null) throw invalidAlias(problem)
    let result: ModelAlias | null = null
    await this.journal.append(name, author, async (references, at) => {
      const { aliases, removed } = references
      const { version, conditions, previous } = await decide(references)
      if (removed.includes(version)) throw modelNotFound(name, version)
      // also that it is not damaged: nothing should serve a version that cannot be loaded
      await this.models.assertIntact(await this.models.get(name, version))
      const current = aliasIn(aliases, alias)
      if (!current && Object.keys(aliases).length >= maxAliases) throw tooManyAliases(name)
      if (current?.version === version) {
        result = current
        return null
      }
      const note = { at, ...author }
      const earlier = current ? [...current.previous, current.version].slice(-maxPrevious) : []
      const moved = { alias, version, ...note, previous: previous ?? earlier }
      result = moved
      const told = { alias, change, from: current?.version ?? null, to: version }
      return {
        changes: [{ ...told, ...(conditions && { conditions }), ...note }],
        references: { ...references, aliases: { ...aliases, [alias]: moved } },
      }
    })
    this.onChanged(name)
    return result!
  }

  private async newestKept(name: string, removed: readonly number[]): Promise<number | undefined> {
    if (removed.length === 0) return undefined
    const kept = (await this.models.versions(name)).filter(each => !removed.includes(each))
    const newest = kept.at(-1)
    if (newest === undefined) throw modelNotFound(name)
    return newest
  }

  private async requireModel(name: string): Promise<number[]> {
    const versions = await this.models.versions(name)
    if (versions.length === 0) throw modelNotFound(name)
    return versions
  }
}

/** The version that a selector means, without regard to traffic; undefined for the newest one. */
export function resolveVersion(
  { aliases, removed }: References,
  { name, version, alias }: ModelSelector,
): number | undefined {
  if (version !== undefined && alias !== undefined) {
    const message = `a request names version ${version} and alias '${alias}' of model '${name}': name one of them`
    throw new TrainyardError('INVALID_SELECTOR', message)
  }
  if (version !== undefined) {
    if (removed.includes(version)) throw modelNotFound(name, version)
    return version
  }
  if (alias === latestAlias) return undefined
  const found = aliasIn(aliases, alias ?? defaultAlias)
  if (!found && alias !== undefined) throw aliasNotFound(name, alias, Object.keys(aliases))
  return found?.version
}

/** Without the earlier versions that were deleted. */
const existing = (alias: ModelAlias, versions: readonly number[]): ModelAlias => ({
  ...alias,
  previous: alias.previous.filter(version => versions.includes(version)),
})

/** The number in a cursor of a history. Throws INVALID_CURSOR. */
export function historyPosition(cursor: string | undefined): number | undefined {
  if (cursor === undefined) return undefined
  if (!/^[1-9]\d{0,8}$/.test(cursor)) throw invalidCursor(cursor)
  return Number(cursor)
}
