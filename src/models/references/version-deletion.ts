import { setTimeout as sleep } from 'node:timers/promises'
import { TrainyardError } from '../../errors.js'
import type { RemovedVersions } from '../../spec/model.js'
import { type AliasChange, type ModelAlias, maxPrevious } from '../../spec/model-alias.js'
import type { TrafficPolicy } from '../../spec/model-traffic.js'
import { clocksDifferMs } from '../../store/last-change.js'
import { modelNotFound, versionReferenced } from '../errors.js'
import type { ModelRegistry } from '../registry.js'
import type { ChangeAuthor } from './model-aliases.js'
import { aliasIn, type ModelJournal, type References } from './model-journal.js'
import { usesOf } from './uses.js'
import type { VersionAnnotations } from './version-annotations.js'

export interface DeletionOptions {
  /** By default all versions. */
  version?: number | undefined
  /** What happens to aliases and traffic that lead to the versions, unless they are moved. Default: refuse. */
  aliases?: 'refuse' | 'delete' | undefined
  /** Aliases and traffic that lead to the versions lead to this one afterwards. */
  moveAliasesTo?: number | undefined
}

export interface VersionDeletionDeps {
  models: Pick<ModelRegistry, 'versions' | 'get' | 'assertIntact' | 'remove'>
  journal: ModelJournal
  annotations: Pick<VersionAnnotations, 'remove'>
  /** Called with the name of a model whose aliases were changed. */
  onChanged(name: string): void
  /** Returns when no prediction of this process uses the version any more. */
  whenUnused(name: string, version: number): Promise<void>
}

/** How long another process may go on with what an alias named before: see `ModelJournal.references`. */
const othersFollowMs = 1000

/**
 * Deletes versions that nothing refers to. First the journal says that they go, so that no alias can be moved to
 * them; their files go when the predictions that have begun with them have ended.
 */
export class VersionDeletion {
  constructor(private readonly deps: VersionDeletionDeps) {}

  /** Throws MODEL_NOT_FOUND, and MODEL_REFERENCED if an alias or traffic leads to a version. */
  async remove(
    name: string,
    options: DeletionOptions,
    author: ChangeAuthor,
  ): Promise<RemovedVersions> {
    const { models, journal, annotations, whenUnused, onChanged } = this.deps
    const { moveAliasesTo } = options
    const before = await journal.newest(name)
    const wanted = async () => {
      const versions = await models.versions(name)
      const { version } = options
      const removed = versions.filter(each => version === undefined || each === version)
      if (removed.length === 0) throw modelNotFound(name, version)
      return { versions, removed }
    }
    if (moveAliasesTo !== undefined)
      await models.assertIntact(await models.get(name, moveAliasesTo))
    const { removed } = await wanted()
    const appended = await journal
      .append(name, author, async (references, at) => {
        const { versions, removed } = await wanted()
        return detach(name, references, { versions, removed, options, note: { at, ...author } })
      })
      .catch(async error => {
        // on a full disk nothing can be noted, and it is deletions that make room
        const isFull = error instanceof TrainyardError && error.code === 'STORAGE_FULL'
        if (!isFull || usesOf(await journal.references(name), removed).length > 0) throw error
        return null
      })
    const changes = appended?.entry.changes ?? []
    if (changes.length > 0) onChanged(name)
    if (before) await waitForOthers(before.entry.at)
    let freedBytes = 0
    for (const version of removed) {
      await whenUnused(name, version)
      freedBytes += await models.remove(name, version)
      await annotations.remove(name, version)
    }
    return { versions: removed, freedBytes, aliases: changes }
  }
}

/**
 * Another process that shares the folder may not know yet that an alias was moved away a moment ago. If the clock of
 * the host that moved it is behind, the change seems older than it is.
 */
async function waitForOthers(lastChangeAt: string): Promise<void> {
  const passed = Date.now() - Date.parse(lastChangeAt)
  if (passed < othersFollowMs + clocksDifferMs) await sleep(othersFollowMs)
}

interface Detachment {
  /** All that are there. */
  versions: readonly number[]
  removed: readonly number[]
  options: DeletionOptions
  note: Omit<AliasChange, 'alias' | 'change' | 'from' | 'to' | 'conditions'>
}

/** The references without those to the versions that go. */
function detach(
  name: string,
  references: References,
  { versions, removed, options, note }: Detachment,
): { changes: AliasChange[]; references: References } {
  const { aliases: policy = 'refuse', moveAliasesTo } = options
  const uses = usesOf(references, removed)
  if (uses.length > 0 && moveAliasesTo === undefined && policy === 'refuse')
    throw versionReferenced(name, uses)
  const changes: AliasChange[] = []
  const aliases: Record<string, ModelAlias> = {}
  for (const found of Object.values(references.aliases)) {
    const { alias, version, previous } = found
    if (!removed.includes(version)) {
      aliases[alias] = found
      continue
    }
    const to = moveAliasesTo ?? null
    changes.push({ alias, change: to === null ? 'deleted' : 'moved', from: version, to, ...note })
    if (to === null) continue
    const earlier = [...previous, version].slice(-maxPrevious)
    aliases[alias] = { alias, version: to, ...note, previous: earlier }
  }
  const traffic: Record<string, TrafficPolicy> = {}
  for (const [key, found] of Object.entries(references.traffic)) {
    if (key !== '' && !aliasIn(aliases, key)) continue
    const keep = <S extends { version?: number; alias?: string }>(shares: readonly S[]): S[] =>
      shares
        .filter(share => share.alias === undefined || aliasIn(aliases, share.alias))
        .map(share =>
          share.version !== undefined && removed.includes(share.version)
            ? { ...share, version: moveAliasesTo ?? share.version }
            : share,
        )
        .filter(({ version }) => version === undefined || !removed.includes(version))
    const kept = { ...found, split: keep(found.split), shadow: keep(found.shadow) }
    const hasShare = kept.split.some(({ weight }) => weight > 0) || kept.shadow.length > 0
    if (hasShare) traffic[key] = kept
  }
  // of earlier deletions only those that were interrupted are still there
  const going = [...references.removed, ...removed].filter(each => versions.includes(each))
  return { changes, references: { aliases, traffic, removed: [...new Set(going)] } }
}
