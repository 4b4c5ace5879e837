import { join } from 'node:path'
import pLimit from 'p-limit'
import { Type } from 'typebox'
import { Check } from 'typebox/value'
import { DamagedError, nullIfDamaged } from '../errors.js'
import { Name } from '../spec/identifiers.js'
import { MetricValue, withoutNulls } from '../spec/metrics.js'
import {
  BoostingManifest,
  type Model,
  type ModelManifest,
  NetworkManifest,
  type NetworkModel,
  type NewModel,
} from '../spec/model.js'
import { nullable } from '../spec/nullable.js'
import { manifestFiles } from '../store/committed-folder.js'
import { DamageRegistry } from '../store/damage-registry.js'
import { shapeOf } from '../store/shape.js'
import type { Store } from '../store/store.js'
import { modelNotFound } from './errors.js'
import { savedModelFolder } from './served-network.js'

/** Manifests that are read at the same time. */
export const maxReads = 64

/** Old manifests have null in place of NaN and Infinity. */
const storedMetrics = { metrics: Type.Record(Type.String(), nullable(MetricValue)) }

const modelManifest = shapeOf<ModelManifest>(
  Type.Union([
    Type.Object({ ...NetworkManifest.properties, ...storedMetrics }),
    Type.Object({ ...BoostingManifest.properties, ...storedMetrics }),
  ]),
)

const versionClaim = shapeOf<{ jobId: string }>(Type.Object({ jobId: Type.String() }))

export const modelKey = (name: string, version: number) => `models/${name}/${version}`
const versionClaimKey = (name: string, version: number) => `model-versions/${name}/${version}.json`

/** The published models by name. Versions count from 1, and a version never changes. */
export class ModelRegistry {
  constructor(
    private readonly store: Store,
    readonly damage: DamageRegistry = new DamageRegistry(),
    /** Called with name and version of a model after it was removed. */
    private readonly onRemoved: (name: string, version: number) => void = () => {},
  ) {}

  /**
   * Returns the given version, by default the newest. Throws MODEL_NOT_FOUND, and a DamagedError if the version
   * is damaged: an older one would predict something else.
   */
  async get(name: string, version?: number): Promise<Model> {
    const versions = await this.versions(name)
    const resolved = version ?? versions.at(-1)
    if (resolved === undefined || !versions.includes(resolved)) throw modelNotFound(name, version)
    const manifest = await this.read(name, resolved)
    if (!manifest) throw modelNotFound(name, version)
    return { id: name, ...manifest, versions }
  }

  /**
   * Removes a version, damaged or not, and returns the bytes of its files. Its number is not given again. Callers see
   * to it that nothing refers to it.
   */
  async remove(name: string, version: number): Promise<number> {
    const key = modelKey(name, version)
    const freedBytes = await this.store.bytesBelow(key)
    // the folder of the name stays: a job may publish the next version in it at this moment
    await this.store.remove(key)
    this.damage.forget('model', key)
    this.onRemoved(name, version)
    return freedBytes
  }

  /**
   * Throws a DamagedError unless all files of a version match their checksums. Files that have not changed since
   * the last check are not read again.
   */
  assertIntact({ name, version }: Pick<Model, 'name' | 'version'>): Promise<void> {
    return this.store.assertIntact(modelKey(name, version))
  }

  /** Whether this process has met damage in the version, which may be repaired since. */
  isKnownDamaged({ name, version }: Pick<Model, 'name' | 'version'>): boolean {
    return this.damage.has('model', modelKey(name, version))
  }

  /** Looks for damage in the manifests of all versions. */
  async scanForDamage(): Promise<void> {
    const roots = new Set<string>()
    for (const name of await this.names()) {
      for (const version of await this.versionsOrDamage(name)) {
        roots.add(modelKey(name, version))
        await this.tryRead(name, version)
      }
      roots.add(`models/${name}`)
    }
    this.damage.retain('model', roots)
  }

  /** The folder of a version: it contains `saved_model/`, or `model.ubj` and `model.json`. */
  folder({ name, version }: Pick<Model, 'name' | 'version'>): Promise<string> {
    return this.store.folder(modelKey(name, version))
  }

  /** The folder of a version and the names of all files in it. Throws MODEL_NOT_FOUND. */
  async files({ name, version }: Pick<Model, 'name' | 'version'>) {
    const stored = await this.store.readManifest<ModelManifest>(
      modelKey(name, version),
      modelManifest,
    )
    if (!stored) throw modelNotFound(name, version)
    return {
      folder: await this.store.folder(modelKey(name, version)),
      names: manifestFiles(stored),
    }
  }

  /** The folder of a version's SavedModel. */
  async savedModel(model: Pick<Model, 'name' | 'version'>): Promise<string> {
    return savedModelFolder(await this.folder(model))
  }

  /** The folder of the SavedModel that answers predictions, in the precision of the version's card. */
  async servedModel(model: Pick<NetworkModel, 'name' | 'version' | 'precision'>): Promise<string> {
    return savedModelFolder(await this.folder(model), model.precision?.served)
  }

  /** The file prefix of a network's weights, a TensorFlow checkpoint. */
  async weightsPrefix(model: Pick<Model, 'name' | 'version'>): Promise<string> {
    return join(await this.savedModel(model), 'variables', 'variables')
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
      const isNew = await this.store.createJson<{ jobId: string }>(key, { jobId })
      // a damaged claim belongs to another job: its number is not given again
      const claim = isNew ? null : await this.store.readJson(key, versionClaim).catch(nullIfDamaged)
      if (!isNew && claim?.jobId !== jobId) continue
      // a copy of a store may lack the claim of a version that it has
      const stored = await this.read(name, version).catch(nullIfDamaged)
      if (!stored || stored.jobId === jobId) return version
    }
  }

  /** Name and version of all models, also of damaged ones. */
  async allVersions(): Promise<{ name: string; version: number }[]> {
    const found = []
    for (const name of await this.names()) {
      for (const version of await this.versionsOrDamage(name)) found.push({ name, version })
    }
    return found
  }

  /** Names of all models, also of damaged ones, sorted. */
  async names(): Promise<string[]> {
    return (await this.store.list('models')).filter(name => Check(Name, name))
  }

  /** `preferred` or, without it or if it is damaged, the newest intact version; null if there is none. */
  async anyIntact(name: string, preferred?: number): Promise<Model | null> {
    const versions = await this.versionsOrDamage(name)
    const first = versions.filter(version => version === preferred)
    for (const version of [...first, ...versions.toReversed()]) {
      const manifest = await this.tryRead(name, version)
      if (manifest) return { id: name, ...manifest, versions }
    }
    return null
  }

  /** The version that a job has published under a name; null if there is none. Throws a DamagedError if it is damaged. */
  async ofJob(name: string, jobId: string): Promise<ModelManifest | null> {
    for (const version of (await this.versions(name)).toReversed()) {
      const claim = await this.store
        .readJson(versionClaimKey(name, version), versionClaim)
        .catch(nullIfDamaged)
      if (claim?.jobId !== jobId) continue
      const found = await this.read(name, version)
      if (found?.jobId === jobId) return found
    }
    return null
  }

  /** The versions of a model that are not damaged, oldest first. */
  async intactVersions(name: string): Promise<Model[]> {
    const versions = await this.versionsOrDamage(name)
    const limitReads = pLimit(maxReads)
    const read = await Promise.all(
      versions.map(version => limitReads(() => this.tryRead(name, version))),
    )
    return read.flatMap(manifest => (manifest ? { id: name, ...manifest, versions } : []))
  }

  private tryRead(name: string, version: number): Promise<ModelManifest | null> {
    return this.damage.tryRead('model', modelKey(name, version), () => this.read(name, version))
  }

  private async versionsOrDamage(name: string): Promise<number[]> {
    return (await this.damage.tryRead('model', `models/${name}`, () => this.versions(name))) ?? []
  }

  /** The numbers of a model's versions, ascending; none if there is no such model. */
  async versions(name: string): Promise<number[]> {
    if (!Check(Name, name)) return []
    const names = await this.store.list(`models/${name}`)
    return names
      .filter(text => /^[1-9]\d{0,8}$/.test(text))
      .map(Number)
      .sort((a, b) => a - b)
  }

  /** Versions are committed and removed as a whole, so one without a manifest has lost it. */
  private async read(name: string, version: number): Promise<ModelManifest | null> {
    const key = modelKey(name, version)
    const file = `${key}/manifest.json`
    const stored = await this.store.readManifest<ModelManifest>(key, modelManifest)
    if (!stored) {
      const isThere = (await this.versions(name)).includes(version)
      if (!isThere || (await this.store.list(key)).includes('manifest.json')) return null
      throw new DamagedError(file, 'is missing')
    }
    const { manifest } = stored
    if (manifest.name !== name || manifest.version !== version) {
      throw new DamagedError(
        file,
        `is the manifest of ${manifest.name}, version ${manifest.version}`,
      )
    }
    return { ...manifest, metrics: withoutNulls(manifest.metrics) }
  }
}
