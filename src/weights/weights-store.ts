import type { Page } from '../spec/paging.js'
import { isWeightsId, type WeightsManifest, type WeightsSummary } from '../spec/weights.js'
import type { Store } from '../store/store.js'
import { weightsNotFound } from './errors.js'
import { WeightsUpload } from './weights-upload.js'

export const weightsKey = (id: string) => `weights/${id}`

/**
 * The uploaded TensorFlow checkpoints. Jobs can start from their values; nothing in them is ever executed.
 * The id of weights is a hash of their content.
 */
export class WeightsStore {
  constructor(private readonly store: Store) {}

  async createUpload(): Promise<WeightsUpload> {
    return new WeightsUpload(this.store, await this.store.stage(), async (staged, manifest) => {
      const created = await this.store.commit(staged, weightsKey(manifest.id), manifest)
      return { weights: await this.get(manifest.id), created }
    })
  }

  async get(id: string): Promise<WeightsManifest> {
    const manifest = isWeightsId(id) ? await this.read(id) : null
    if (!manifest) throw weightsNotFound(id)
    return manifest
  }

  /** Returns one page, sorted by id. */
  async list({
    limit,
    cursor,
  }: {
    limit: number
    cursor?: string | undefined
  }): Promise<Page<WeightsSummary>> {
    const ids = await this.store.list('weights')
    const rest = ids.filter(id => cursor === undefined || id > cursor)
    const items: WeightsSummary[] = []
    for (const id of rest) {
      const manifest = await this.read(id)
      if (!manifest) continue
      if (items.length === limit) return { items, nextCursor: items.at(-1)!.id }
      items.push({ ...manifest, tensors: manifest.tensors.length })
    }
    return { items, nextCursor: null }
  }

  async remove(id: string): Promise<void> {
    await this.store.remove(weightsKey((await this.get(id)).id))
  }

  private async read(id: string): Promise<WeightsManifest | null> {
    return (await this.store.readManifest<WeightsManifest>(weightsKey(id)))?.manifest ?? null
  }
}
