import { join } from 'node:path'
import { isDamaged, nullIfDamaged } from '../errors.js'
import { type Listing, listingOf, selectPage } from '../lists/listing.js'
import type { Order } from '../lists/order.js'
import type { ListQuery } from '../lists/page-selector.js'
import { DatasetManifest, type ImagesManifest } from '../spec/dataset.js'
import type { DatasetVersion, DatasetVersions } from '../spec/dataset-versions.js'
import type { DatasetRef } from '../spec/job.js'
import { DamageRegistry } from '../store/damage-registry.js'
import { readManifestOf } from '../store/manifest-of.js'
import { shapeOf } from '../store/shape.js'
import type { Store } from '../store/store.js'
import { ConversionQueue } from './conversion-queue.js'
import { DerivedDatasets } from './derived-datasets.js'
import { datasetNotFound, invalidName, noVersions } from './errors.js'
import { isId, isName } from './form.js'
import { readShardLabels } from './images/shard-labels.js'
import { type DatasetLimits, defaultLimits } from './limits.js'
import { DatasetNames } from './names.js'
import { datasetKey } from './stored/dataset-key.js'
import { DatasetUpload, type PublishDataset, type UploadControl } from './upload.js'

export type { DatasetUpload } from './upload.js'

const datasetManifest = shapeOf<DatasetManifest>(DatasetManifest)

/** Immutable data sets: images and tables. Ids are hashes of the content, and names point at ids. */
export class Datasets {
  readonly limits: DatasetLimits
  private readonly names: DatasetNames
  private readonly conversions: ConversionQueue
  private readonly derived: DerivedDatasets
  private readonly warnings = new Set<string>()
  private readonly onWarning = (message: string): void => {
    if (this.warnings.has(message)) return
    this.warnings.add(message)
    this.warn(message)
  }

  constructor(
    private readonly store: Store,
    limits: Partial<DatasetLimits> = {},
    private readonly damage: DamageRegistry = new DamageRegistry(),
    /** Called with the id of a data set after it was created or removed. */
    private readonly onChange: (id: string) => void = () => {},
    /** Called once with each warning of the processes that convert. */
    private readonly warn: (message: string) => void = () => {},
  ) {
    this.limits = { ...defaultLimits, ...limits }
    this.names = new DatasetNames(store)
    this.conversions = new ConversionQueue(this.limits)
    this.derived = new DerivedDatasets({
      store,
      limits: this.limits,
      conversions: this.conversions,
      publish: (...committed) => this.publish(...committed),
      getIntact: idOrName => this.getIntact(idOrName),
    })
  }

  /** Opens an upload, which writes files to disk as they arrive. */
  async createUpload(control: UploadControl = {}): Promise<DatasetUpload> {
    const { store, limits, conversions, publish } = this
    const warned = { ...control, onWarning: this.onWarning }
    return new DatasetUpload(store, await store.stage(), limits, conversions, publish, warned)
  }

  /**
   * The result has the name that was asked for, even if the content was first uploaded with another. Throws a
   * DamagedError if the manifest, or the pointer of the name, is damaged.
   */
  async get(idOrName: string): Promise<DatasetManifest> {
    if (isId(idOrName)) return (await this.read(idOrName)) ?? throwNotFound(idOrName)
    const id = isName(idOrName) ? await this.names.resolve(idOrName) : null
    const manifest = id && (await this.read(id))
    return manifest ? { ...manifest, name: idOrName } : throwNotFound(idOrName)
  }

  /** Newest first. Passes over the damaged ones, and names them. Throws INVALID_CURSOR. */
  async list(query: ListQuery): Promise<Listing<DatasetManifest>> {
    const manifests = (await this.readAll()).filter(found => !!found)
    return listingOf(await selectPage(manifests, query, newestFirst), async () => [
      ...this.damage.list('dataset'),
      ...(await this.damagedNames()),
    ])
  }

  /** The id of a data set that exists, even if it is damaged. Throws DATASET_NOT_FOUND. */
  async idOf(idOrName: string): Promise<string> {
    try {
      return (await this.get(idOrName)).id
    } catch (error) {
      if (!isDamaged(error) || error.damage.kind !== 'dataset') throw error
      return error.damage.id
    }
  }

  /** See `DerivedDatasets`. */
  planDerivation(...args: Parameters<DerivedDatasets['plan']>) {
    return this.derived.plan(...args)
  }

  /** See `DerivedDatasets`. */
  derive(...[plan, name, control]: Parameters<DerivedDatasets['derive']>) {
    return this.derived.derive(plan, name, { ...control, onWarning: this.onWarning })
  }

  /** See `DerivedDatasets`. */
  diff(...args: Parameters<DerivedDatasets['diff']>) {
    return this.derived.diff(...args)
  }

  /** The data sets that have had a name, newest first. Throws DATASET_NOT_FOUND if there is no such name. */
  async versions(name: string): Promise<DatasetVersions> {
    const history = isName(name) ? await this.names.history(name) : null
    if (!history) throw noVersions(name)
    const items: DatasetVersion[] = []
    for (const { id, at } of history.toReversed()) {
      const found = await this.read(id).catch(nullIfDamaged)
      const { kind = null, records = null } = found ?? {}
      items.push({ id, at, current: items.length === 0, kind, records })
    }
    return { name, items }
  }

  /** Points a name, which may be new, at a data set. Throws DATASET_NOT_FOUND, and DATASET_NAME for an id. */
  async setName(name: string, idOrName: string): Promise<DatasetManifest> {
    if (!isName(name)) throw invalidName(name)
    const { id } = await this.get(idOrName)
    await this.names.assign(name, id)
    this.onChange(id)
    return this.get(name)
  }

  /** Removes a data set, even if it is damaged. */
  async remove(id: string): Promise<void> {
    await this.idOf(id)
    await this.store.remove(datasetKey(id))
    this.damage.forget('dataset', datasetKey(id))
    this.onChange(id)
    await this.names.removeDataset(id)
  }

  /** Removes a name whose pointer is damaged. Returns false if it is not. */
  async removeDamagedName(name: string): Promise<boolean> {
    if (!isName(name) || !(await this.isNameDamaged(name))) return false
    await this.names.remove(name)
    this.damage.forget('dataset_name', `dataset-names/${name}.json`)
    return true
  }

  /** Looks for damage in all manifests and names. */
  async scanForDamage(): Promise<void> {
    await this.readAll()
    await this.damagedNames()
  }

  /**
   * Like `get`, but throws a DamagedError also if a shard does not match its checksum. Shards that have not changed
   * since the last call are not read again.
   */
  async getIntact(idOrName: string): Promise<DatasetManifest> {
    const manifest = await this.get(idOrName)
    await this.store.assertIntact(datasetKey(manifest.id))
    return manifest
  }

  /** Absolute paths of the shards, in order. */
  async shardPaths({ id, shards }: DatasetManifest): Promise<string[]> {
    const folder = await this.store.folder(datasetKey(id))
    return shards.map(shard => join(folder, shard.name))
  }

  /** The label of each image, in the order of the shards: from the index, or else from all shards. */
  async readLabels(dataset: ImagesManifest): Promise<Uint32Array> {
    const { id, index, records } = dataset
    // the index of a part of a data set is that of the whole
    if (index?.records === records) {
      // its library is for the processes that train
      const { readIndexLabels } = await import('./images/image-index.js')
      return readIndexLabels(join(await this.store.folder(datasetKey(id)), index.name))
    }
    return readShardLabels(await this.shardPaths(dataset), dataset.records)
  }

  /** Ids of all data sets, also of damaged ones. */
  async ids(): Promise<string[]> {
    return (await this.store.list('datasets')).filter(isId)
  }

  private async readAll(): Promise<(DatasetManifest | null)[]> {
    const ids = await this.ids()
    this.damage.retain('dataset', new Set(ids.map(datasetKey)))
    return Promise.all(
      ids.map(id => this.damage.tryRead('dataset', datasetKey(id), () => this.read(id))),
    )
  }

  private async damagedNames() {
    const names = (await this.names.list()).filter(isName)
    this.damage.retain('dataset_name', new Set(names.map(name => `dataset-names/${name}.json`)))
    for (const name of names) await this.isNameDamaged(name)
    return this.damage.list('dataset_name')
  }

  private async isNameDamaged(name: string): Promise<boolean> {
    const found = await this.damage.tryRead(
      'dataset_name',
      `dataset-names/${name}.json`,
      async () => ({
        id: await this.names.resolve(name),
      }),
    )
    return found === null
  }

  private async read(id: string): Promise<DatasetManifest | null> {
    const key = datasetKey(id)
    const manifest = await readManifestOf<DatasetManifest>(this.store, key, id, datasetManifest)
    // data sets of older versions have no notes
    return manifest && { ...manifest, notes: manifest.notes ?? [] }
  }

  /** Goes on with the publication of a stored data set that began at a time, if its process died before it gave the name. */
  async ensureNamed({ id, name }: DatasetRef, begunAt: string): Promise<void> {
    await this.names.assignUnlessSince(name, id, begunAt)
    this.onChange(id)
  }

  /** Commits a staged data set whose files are complete, and gives it the name. */
  readonly publish: PublishDataset = async (staged, manifest, name) => {
    const created = await this.store.commit(staged, datasetKey(manifest.id), manifest)
    if (name) await this.names.assign(name, manifest.id)
    if (created) this.onChange(manifest.id)
    const dataset = await this.get(manifest.id)
    // the same content may have been read from another file before, about which other notes hold
    const { notes } = manifest
    return { dataset: { ...dataset, ...(name && { name }), ...(notes && { notes }) }, created }
  }
}

const newestFirst: Order = {
  keys: [{ path: 'createdAt', descending: true }],
  idsDescending: true,
}

function throwNotFound(idOrName: string): never {
  throw datasetNotFound(idOrName)
}
