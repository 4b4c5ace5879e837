import { join } from 'node:path'
import pLimit, { type LimitFunction } from 'p-limit'
import { invalidCursor } from '../errors.js'
import type { DatasetManifest } from '../spec/dataset.js'
import type { Page } from '../spec/paging.js'
import type { Store } from '../store/store.js'
import { datasetNotFound } from './errors.js'
import { isId, isName } from './form.js'
import { type DatasetLimits, defaultLimits } from './limits.js'
import { DatasetNames } from './names.js'
import { DatasetUpload, type PublishDataset } from './upload.js'

export type { DatasetUpload } from './upload.js'

const datasetKey = (id: string) => `datasets/${id}`

/** Immutable data sets: images and tables. Ids are hashes of the content, and names point at ids. */
export class Datasets {
  private readonly limits: DatasetLimits
  private readonly names: DatasetNames
  private readonly limitConversions: LimitFunction

  constructor(
    private readonly store: Store,
    limits: Partial<DatasetLimits> = {},
  ) {
    this.limits = { ...defaultLimits, ...limits }
    this.names = new DatasetNames(store)
    this.limitConversions = pLimit(this.limits.conversions)
  }

  /** Opens an upload, which writes files to disk as they arrive. */
  async createUpload(): Promise<DatasetUpload> {
    const folder = await this.store.stage()
    return new DatasetUpload(this.store, folder, this.limits, this.limitConversions, this.publish)
  }

  /** The result has the name that was asked for, even if the content was first uploaded with another. */
  async get(idOrName: string): Promise<DatasetManifest> {
    if (isId(idOrName)) return (await this.read(idOrName)) ?? throwNotFound(idOrName)
    const id = isName(idOrName) ? await this.names.resolve(idOrName) : null
    const manifest = id && (await this.read(id))
    return manifest ? { ...manifest, name: idOrName } : throwNotFound(idOrName)
  }

  /** Newest first. */
  async list({
    limit,
    cursor,
  }: {
    limit: number
    cursor?: string | undefined
  }): Promise<Page<DatasetManifest>> {
    if (cursor !== undefined && !isDatasetCursor(cursor)) {
      throw invalidCursor(cursor)
    }
    const ids = await this.store.list('datasets')
    const manifests = (await Promise.all(ids.map(id => this.read(id)))).filter(found => !!found)
    const page = manifests
      .filter(manifest => cursor === undefined || cursorOf(manifest) < cursor)
      .sort((a, b) => (cursorOf(a) < cursorOf(b) ? 1 : -1))
      .slice(0, limit + 1)
    const items = page.slice(0, limit)
    return { items, nextCursor: page.length > limit ? cursorOf(items.at(-1)!) : null }
  }

  async remove(id: string): Promise<void> {
    if (!isId(id) || !(await this.read(id))) throw datasetNotFound(id)
    await this.store.remove(datasetKey(id))
    await this.names.removeDataset(id)
  }

  /** Absolute paths of the shards, in order. */
  async shardPaths({ id, shards }: DatasetManifest): Promise<string[]> {
    const folder = await this.store.folder(datasetKey(id))
    return shards.map(shard => join(folder, shard.name))
  }

  private async read(id: string): Promise<DatasetManifest | null> {
    return (await this.store.readManifest<DatasetManifest>(datasetKey(id)))?.manifest ?? null
  }

  private readonly publish: PublishDataset = async (staged, manifest, name) => {
    const created = await this.store.commit(staged, datasetKey(manifest.id), manifest)
    if (name) await this.names.assign(name, manifest.id)
    const dataset = await this.get(manifest.id)
    return { dataset: name ? { ...dataset, name } : dataset, created }
  }
}

const cursorOf = ({ createdAt, id }: DatasetManifest) => `${createdAt}_${id}`

const isDatasetCursor = (text: string) => /^[\d:.TZ-]{24}_ds-[0-9a-f]{16}$/.test(text)

function throwNotFound(idOrName: string): never {
  throw datasetNotFound(idOrName)
}
