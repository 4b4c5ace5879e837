import type { Store } from '../store/store.js'
import { AliasFeed } from './references/alias-feed.js'
import { ModelAliases } from './references/model-aliases.js'
import { ModelCatalog } from './references/model-catalog.js'
import { ModelJournal } from './references/model-journal.js'
import { Promotions } from './references/promotions.js'
import { TrafficPolicies } from './references/traffic-policies.js'
import { VersionAnnotations } from './references/version-annotations.js'
import { VersionDeletion } from './references/version-deletion.js'
import type { ModelRegistry } from './registry.js'

export interface ModelRecordsDeps {
  store: Store
  models: ModelRegistry
  /** Returns when no prediction of this process uses the version any more. */
  whenUnused(name: string, version: number): Promise<void>
}

/** What is recorded beside the versions of models, and may change while they never do. */
export interface ModelRecords {
  journal: ModelJournal
  /** Tells of changes of aliases. */
  feed: AliasFeed
  aliases: ModelAliases
  annotations: VersionAnnotations
  catalog: ModelCatalog
  promotions: Promotions
  traffic: TrafficPolicies
  deletion: VersionDeletion
}

export function openModelRecords(deps: ModelRecordsDeps): ModelRecords {
  const { store, models } = deps
  const journal = new ModelJournal(store)
  const feed = new AliasFeed(journal, models.damage)
  const onChanged = (name: string) => feed.notify(name)
  const annotations = new VersionAnnotations(store)
  const aliases = new ModelAliases(models, journal, onChanged)
  const catalog = new ModelCatalog({ models, aliases, journal, annotations })
  return {
    journal,
    feed,
    aliases,
    annotations,
    catalog,
    promotions: new Promotions({ catalog, aliases, journal }),
    traffic: new TrafficPolicies(models, journal),
    deletion: new VersionDeletion({ ...deps, journal, annotations, onChanged }),
  }
}
