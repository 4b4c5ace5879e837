import { FieldErrors, isMissing } from '../errors.js'
import type { DatasetManifest } from '../spec/dataset.js'
import type { DatasetStep } from '../spec/dataset-steps.js'
import type { DatasetDiff } from '../spec/dataset-versions.js'
import type { Store } from '../store/store.js'
import type { ConversionQueue } from './conversion-queue.js'
import { diffManifests } from './derived/dataset-diff.js'
import type { SourceDataset } from './derived/source-dataset.js'
import { datasetNotFound, differentKinds } from './errors.js'
import type { DatasetLimits } from './limits.js'
import { runComparison, runDerivation } from './run-conversion.js'
import { datasetKey } from './stored/dataset-key.js'
import type { PublishDataset, UploadControl, UploadResult } from './upload.js'

export interface DerivedDatasetDeps {
  store: Store
  limits: DatasetLimits
  /** Derivations take as much as uploads. */
  conversions: ConversionQueue
  publish: PublishDataset
  /** Throws DATASET_NOT_FOUND, and a DamagedError if a file of the data set is damaged. */
  getIntact(idOrName: string): Promise<DatasetManifest>
}

/** More records are not compared one by one. */
const maxCompared = 20_000_000

/** A derivation whose data sets have been found. */
export interface DerivationPlan {
  source: SourceDataset
  /** With ids in place of names. */
  steps: DatasetStep[]
  /** The data sets that the steps name. */
  others: SourceDataset[]
}

/** Makes data sets of others, and compares them. */
export class DerivedDatasets {
  constructor(private readonly deps: DerivedDatasetDeps) {}

  /** What can be told before it begins: throws DATASET_NOT_FOUND, and INVALID_STEPS for data sets that are not there. */
  async plan(idOrName: string, requested: readonly DatasetStep[]): Promise<DerivationPlan> {
    const source = await this.stored(await this.deps.getIntact(idOrName))
    return { source, ...(await this.resolveSteps(requested)) }
  }

  /**
   * Does the steps in a process of their own, and commits the result. `created` is false if the same data set exists
   * already. Throws INVALID_STEPS if a step cannot be done.
   */
  async derive(
    { source, steps, others }: DerivationPlan,
    name: string | null,
    control: UploadControl = {},
  ): Promise<UploadResult> {
    const { store, limits, conversions, publish } = this.deps
    const folder = await store.stage()
    try {
      const task = { source, steps, others, folder, limits }
      control.onConversion?.('waiting')
      const { content, shared } = await conversions.run(() => {
        control.onConversion?.('converting')
        return runDerivation(task, control).catch(error => this.rethrow(source, error))
      }, control.signal)
      const { id } = source.manifest
      for (const { from, to } of shared) await store.shareFile(datasetKey(id), from, folder, to)
      const derivedFrom = { dataset: id, steps }
      const createdAt = new Date().toISOString()
      const facts = { derivedFrom, name: name ?? content.id, createdAt }
      // each kind for itself, since a spread of a union is none
      const manifest: DatasetManifest =
        content.kind === 'images' ? { ...content, ...facts } : { ...content, ...facts }
      return await publish(folder, manifest, name)
    } catch (error) {
      await store.discard(folder)
      throw error
    }
  }

  /** Compares two data sets. Throws DATASET_NOT_FOUND, and DATASET_KIND for images and a table. */
  async diff(idOrName: string, other: string): Promise<DatasetDiff> {
    const [one, two] = [await this.deps.getIntact(idOrName), await this.deps.getIntact(other)]
    if (one.kind !== two.kind) throw differentKinds(one, two)
    const diff = diffManifests(one, two)
    return { ...diff, records: await this.compare(one, two) }
  }

  private async compare(one: DatasetManifest, other: DatasetManifest) {
    if (one.id === other.id) return { both: one.records, onlyOne: 0, onlyOther: 0 }
    if (one.records + other.records > maxCompared) return null
    const task = { one: await this.stored(one), other: await this.stored(other) }
    return this.deps.conversions.run(() => runComparison(task))
  }

  /** The steps with ids in place of names, and the data sets that they name. */
  private async resolveSteps(requested: readonly DatasetStep[]) {
    const errors = new FieldErrors()
    const steps: DatasetStep[] = []
    const others = new Map<string, SourceDataset>()
    for (const [index, step] of requested.entries()) {
      if (!('dataset' in step) || step.dataset === undefined) {
        steps.push(step)
        continue
      }
      try {
        const found = await this.deps.getIntact(step.dataset)
        others.set(found.id, await this.stored(found))
        steps.push({ ...step, dataset: found.id })
      } catch (error) {
        if (!isMissing(error)) throw error
        errors.add(`/steps/${index}/dataset`, 'dataset_not_found', error.message)
      }
    }
    errors.throwIfAny('INVALID_STEPS')
    return { steps, others: [...others.values()] }
  }

  private async stored<M extends DatasetManifest>(manifest: M): Promise<SourceDataset<M>> {
    return { manifest, folder: await this.deps.store.folder(datasetKey(manifest.id)) }
  }

  /** If the source was removed meanwhile, the answer is that it is not there. */
  private async rethrow({ manifest }: SourceDataset, error: unknown): Promise<never> {
    const { store } = this.deps
    if ((await store.readManifest(datasetKey(manifest.id))) === null)
      throw datasetNotFound(manifest.id)
    throw error
  }
}
