import { isDamaged } from '../errors.js'
import { type Listing, listingOf, selectPage } from '../lists/listing.js'
import type { ListQuery } from '../lists/page-selector.js'
import { isWeightsId, WeightsManifest, type WeightsSummary } from '../spec/weights.js'
import { DamageRegistry } from '../store/damage-registry.js'
import { readManifestOf } from '../store/manifest-of.js'
import { shapeOf } from '../store/shape.js'
import type { Store } from '../store/store.js'
import { weightsNotFound } from './errors.js'
import { WeightsUpload } from './weights-upload.js'

const weightsManifest = shapeOf<WeightsManifest>(WeightsManifest)

export const weightsKey = (id: string) => `weights/${id}`

/**
 * The uploaded TensorFlow checkpoints. Jobs can start from their values; nothing in them is ever executed.
 * The id of weights is a hash of their content.
 */
export class WeightsStore {
  constructor(
    private readonly store: Store,
    private readonly damage: DamageRegistry = new DamageRegistry(),
    /** Called with the id of weights after they were created or removed. */
    private readonly onChange: (id: string) => void = () => {},
  ) {}

  async createUpload(): Promise<WeightsUpload> {
    return new WeightsUpload(this.store, await this.store.stage(), async (staged, manifest) => {
      const created = await this.store.commit(staged, weightsKey(manifest.id), manifest)
      if (created) this.onChange(manifest.id)
      return { weights: await this.get(manifest.id), created }
    })
  }

  /** Throws WEIGHTS_NOT_FOUND, and a DamagedError if the manifest is damaged. */
  async get(id: string): Promise<WeightsManifest> {
    const manifest = isWeightsId(id) ? await this.read(id) : null
    if (!manifest) throw weightsNotFound(id)
    return manifest
  }

  /** Sorted by id. Passes over the damaged ones, and names them. Throws INVALID_CURSOR. */
  async list(query: ListQuery): Promise<Listing<WeightsSummary>> {
    const found = (await this.readAll()).filter(manifest => !!manifest)
    const summaries = found.map(manifest => ({ ...manifest, tensors: manifest.tensors.length }))
    const selection = await selectPage(summaries, query, { keys: [], idsDescending: false })
    return listingOf(selection, async () => this.damage.list('weights'))
  }

  /** The id of weights that exist, even if they are damaged. Throws WEIGHTS_NOT_FOUND. */
  async idOf(id: string): Promise<string> {
    try {
      return (await this.get(id)).id
    } catch (error) {
      if (isDamaged(error) && error.damage.kind === 'weights') return id
      throw error
    }
  }

  /** Removes weights, even if they are damaged. */
  async remove(id: string): Promise<void> {
    const key = weightsKey(await this.idOf(id))
    await this.store.remove(key)
    this.damage.forget('weights', key)
    this.onChange(id)
  }

  /** Looks for damage in all manifests. */
  async scanForDamage(): Promise<void> {
    await this.readAll()
  }

  /** Ids of all weights, also of damaged ones. */
  async ids(): Promise<string[]> {
    return (await this.store.list('weights')).filter(isWeightsId)
  }

  private async readAll(): Promise<(WeightsManifest | null)[]> {
    const ids = await this.ids()
    this.damage.retain('weights', new Set(ids.map(weightsKey)))
    return Promise.all(
      ids.map(id => this.damage.tryRead('weights', weightsKey(id), () => this.read(id))),
    )
  }

  private read(id: string): Promise<WeightsManifest | null> {
    return readManifestOf<WeightsManifest>(this.store, weightsKey(id), id, weightsManifest)
  }
}
