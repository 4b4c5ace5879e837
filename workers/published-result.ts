import { Datasets } from '../src/datasets/datasets.js'
import { isMissing, nullIfDamaged } from '../src/errors.js'
import { Checkpoints } from '../src/jobs/record/checkpoints.js'
import { JobRecords } from '../src/jobs/record/records.js'
import { ModelRegistry } from '../src/models/registry.js'
import { isPrediction } from '../src/spec/job.js'
import type { Store } from '../src/store/store.js'
import type { Finished } from './supervision/job-results.js'

/** What a job has done that has published its model or its predictions; null if it has not. */
export async function findPublished(store: Store, id: string): Promise<Finished | null> {
  return (await findModel(store, id)) ?? findPredictions(store, id)
}

async function findModel(store: Store, id: string): Promise<Finished | null> {
  const name = await new JobRecords(store).modelName(id)
  const found = name && (await new ModelRegistry(store).ofJob(name, id).catch(nullIfDamaged))
  if (!found) return null
  const { version, metrics } = found
  // the last step has a checkpoint; the model may be that of a better one
  const step = (await new Checkpoints(store).steps(id)).at(-1) ?? found.step
  return { model: { id: found.name, version }, metrics, step }
}

/** The trainer may have died between the data set and its name: then the data set gets it here. */
async function findPredictions(store: Store, id: string): Promise<Finished | null> {
  const records = new JobRecords(store)
  for (const { dataset, metrics, at } of await records.predictions(id)) {
    const datasets = new Datasets(store)
    const stored = await datasets
      .get(dataset.id)
      .catch((error: unknown) => (isMissing(error) ? null : nullIfDamaged(error)))
    if (!stored) continue
    const job = await records.manifest(id)
    if (!isPrediction(job)) throw new Error(`job ${id} trains a model`)
    await datasets.ensureNamed(dataset, at)
    const { model, version, steps } = job.predict
    return { model: { id: model, version }, dataset, metrics, step: steps }
  }
  return null
}
