import { join } from 'node:path'
import { lru } from 'tiny-lru'
import { Check } from 'typebox/value'
import { quoteJson, TrainyardError } from '../errors.js'
import { Name } from '../spec/identifiers.js'
import { withoutNulls } from '../spec/metrics.js'
import type { Model, ModelManifest, NewModel } from '../spec/model.js'
import type { Page } from '../spec/paging.js'
import { manifestFiles } from '../store/committed-folder.js'
import type { Store } from '../store/store.js'

export const modelKey = (name: string, version: number) => `models/${name}/${version}`
const versionClaimKey = (name: string, version: number) => `model-versions/${name}/${version}.json`

const maxCachedManifests = 100

const modelNotFound = (name: string, version?: number) =>
  new TrainyardError(
    'MODEL_NOT_FOUND',
    `there is no ${version === undefined ? '' : `version ${version} of `}model ${quoteJson(name)}`,
  )

/** The published models by name. Versions count from 1, and a version never changes. */
export class ModelRegistry {
  /**
   * Parsed manifests, which never change. Every prediction reads one, and parsing one with 1,000
   * columns takes 1.5 ms.
   */
  private readonly cache = lru<ModelManifest>(maxCachedManifests)

  constructor(private readonly store: Store) {}

  /** Returns one page with the newest version of each model, sorted by name. */
  async list({
    limit,
    cursor,
  }: {
    limit: number
    cursor?: string | undefined
  }): Promise<Page<Model>> {
    const names = await this.store.list('models')
    const rest = cursor === undefined ? names : names.filter(name => name > cursor)
    const items: Model[] = []
    for (const name of rest) {
      const versions = await this.versions(name)
      const manifest = versions.length > 0 ? await this.read(name, versions.at(-1)!) : null
      if (!manifest) continue
      if (items.length === limit) return { items, nextCursor: items.at(-1)!.id }
      items.push({ id: name, ...manifest, versions })
    }
    return { items, nextCursor: null }
  }

  /** Returns the given version, by default the newest. Throws MODEL_NOT_FOUND. */
  async get(name: string, version?: number): Promise<Model> {
    const versions = Check(Name, name) ? await this.versions(name) : []
    const resolved = version ?? versions.at(-1)
    if (resolved === undefined || !versions.includes(resolved)) throw modelNotFound(name, version)
    const manifest = await this.read(name, resolved)
    if (!manifest) throw modelNotFound(name, version)
    return { id: name, ...manifest, versions }
  }

  /** The folder of a version: it contains `saved_model/`, or `model.ubj` and `model.json`. */
  folder({ name, version }: Pick<Model, 'name' | 'version'>): Promise<string> {
    return this.store.folder(modelKey(name, version))
  }

  /** The folder of a version and the names of all files in it. Throws MODEL_NOT_FOUND. */
  async files({ name, version }: Pick<Model, 'name' | 'version'>) {
    const stored = await this.store.readManifest<ModelManifest>(modelKey(name, version))
    if (!stored) throw modelNotFound(name, version)
    return {
      folder: await this.store.folder(modelKey(name, version)),
      names: manifestFiles(stored),
    }
  }

  /** The folder of a version's SavedModel. */
  async savedModel(model: Pick<Model, 'name' | 'version'>): Promise<string> {
    return join(await this.folder(model), 'saved_model')
  }

  /**
   * Publishes a staged folder (with the content that `folder` describes) as the next version. A job
   * publishes once: a later attempt of the same job gets the version that exists already.
   */
  async publish(staged: string, manifest: NewModel): Promise<ModelManifest> {
    const { name, jobId } = manifest
    const version = await this.claimVersion(name, jobId)
    await this.store.commit(staged, modelKey(name, version), { ...manifest, version })
    const published = await this.read(name, version)
    if (!published) throw modelNotFound(name, version)
    return published
  }

  /**
   * Claims a version before it is filled, with a file that names the job, so that all attempts of a job
   * get the same version even if they race or crash. A job that never publishes leaves a gap.
   */
  private async claimVersion(name: string, jobId: string): Promise<number> {
    for (let version = 1; ; version++) {
      const key = versionClaimKey(name, version)
      if (await this.store.createJson<{ jobId: string }>(key, { jobId })) return version
      if ((await this.store.readJson<{ jobId: string }>(key))?.jobId === jobId) return version
    }
  }

  private async versions(name: string): Promise<number[]> {
    const names = await this.store.list(`models/${name}`)
    return names
      .filter(text => /^[1-9]\d{0,8}$/.test(text))
      .map(Number)
      .sort((a, b) => a - b)
  }

  private async read(name: string, version: number): Promise<ModelManifest | null> {
    const key = modelKey(name, version)
    const cached = this.cache.get(key)
    if (cached) return cached
    const stored = await this.store.readManifest<ModelManifest>(key)
    if (!stored) return null
    const manifest = { ...stored.manifest, metrics: withoutNulls(stored.manifest.metrics) }
    this.cache.set(key, manifest)
    return manifest
  }
}
