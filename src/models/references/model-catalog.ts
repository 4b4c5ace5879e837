import pLimit from 'p-limit'
import { type Listing, listingOf, selectPage } from '../../lists/listing.js'
import { type ListQuery, PageSelector } from '../../lists/page-selector.js'
import type { Model, ModelView } from '../../spec/model.js'
import { defaultAlias, latestAlias, type ModelSelector } from '../../spec/model-selector.js'
import { modelNotFound } from '../errors.js'
import { type ModelRegistry, maxReads } from '../registry.js'
import type { ModelAliases } from './model-aliases.js'
import { aliasIn, type ModelJournal, type References } from './model-journal.js'
import { modelRecordPaths } from './model-record-paths.js'
import type { VersionAnnotations } from './version-annotations.js'

export interface ModelCatalogDeps {
  models: Pick<ModelRegistry, 'names' | 'anyIntact' | 'intactVersions' | 'versions' | 'damage'>
  aliases: Pick<ModelAliases, 'find'>
  journal: Pick<ModelJournal, 'references'>
  annotations: Pick<VersionAnnotations, 'get'>
}

/** Models as clients see them: versions with their aliases, stage, note and tags. */
export class ModelCatalog {
  constructor(private readonly deps: ModelCatalogDeps) {}

  /** Throws MODEL_NOT_FOUND, ALIAS_NOT_FOUND or a DamagedError. */
  async get(selector: ModelSelector): Promise<ModelView> {
    return this.view(await this.deps.aliases.find(selector))
  }

  async view(model: Model): Promise<ModelView> {
    const { journal, annotations } = this.deps
    const [references, annotation] = await Promise.all([
      journal.references(model.id),
      annotations.get(model.id, model.version),
    ])
    return { ...model, aliases: aliasesOf(references, model.version), ...annotation }
  }

  /**
   * Each model in the version that its bare name serves or, with `alias`, each that has the alias, in the version
   * that it names. Sorted by name. Passes over damaged versions, and names them. Throws INVALID_CURSOR.
   */
  async list(query: ListQuery, alias?: string): Promise<Listing<ModelView>> {
    const { models } = this.deps
    const limitReads = pLimit(maxReads)
    const found = await Promise.all(
      (await models.names()).map(name => limitReads(() => this.listed(name, alias))),
    )
    const views = found.filter(view => view !== null)
    const selection = await selectPage(views, query, { keys: [], idsDescending: false })
    return listingOf(selection, async () => damagedModels(models.damage))
  }

  /**
   * The versions of a model, newest first. Passes over damaged ones, and names them. Throws MODEL_NOT_FOUND and
   * INVALID_CURSOR.
   */
  async versions(name: string, query: ListQuery): Promise<Listing<ModelView>> {
    const { models } = this.deps
    if ((await models.versions(name)).length === 0) throw modelNotFound(name)
    const limitReads = pLimit(maxReads)
    const views = await Promise.all(
      (await models.intactVersions(name)).map(model => limitReads(() => this.view(model))),
    )
    const byVersion = { keys: [{ path: 'version', descending: true }], idsDescending: false }
    const items = views.map(view => ({ id: String(view.version), view }))
    const selector = new PageSelector<ModelView>(query, byVersion)
    selector.add(items.map(({ id, view }) => ({ id, document: view, item: view })))
    return listingOf(selector.selection(), async () => damagedModels(models.damage))
  }

  private async listed(name: string, alias: string | undefined): Promise<ModelView | null> {
    const { models, journal } = this.deps
    const references = await this.tryRecord(name, () => journal.references(name))
    const aliases = references?.aliases ?? {}
    const isNamed = alias !== undefined && alias !== latestAlias
    if (isNamed && !aliasIn(aliases, alias)) return null
    const version =
      alias === latestAlias ? undefined : aliasIn(aliases, alias ?? defaultAlias)?.version
    const model = await models.anyIntact(name, version)
    // another version would not be what the alias names
    if (!model || (isNamed && model.version !== version)) return null
    return references && this.tryRecord(name, () => this.view(model))
  }

  private tryRecord<T>(name: string, read: () => Promise<T>): Promise<T | null> {
    return this.deps.models.damage.tryRead('model_record', modelRecordPaths(name).root, read)
  }
}

const damagedModels = (damage: ModelRegistry['damage']) =>
  (['model', 'model_record'] as const).flatMap(kind => damage.list(kind))

const aliasesOf = ({ aliases }: References, version: number): string[] =>
  Object.values(aliases)
    .filter(each => each.version === version)
    .map(({ alias }) => alias)
    .sort()
