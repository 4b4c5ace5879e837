import { nullIfDamaged } from '../src/errors.js'
import { Checkpoints } from '../src/jobs/record/checkpoints.js'
import { JobRecords } from '../src/jobs/record/records.js'
import { ModelRegistry } from '../src/models/registry.js'
import type { Store } from '../src/store/store.js'
import type { Finished } from './supervision/job-results.js'

/** What a job has done that has published its model; null if there is no model. */
export async function findPublished(store: Store, id: string): Promise<Finished | null> {
  const name = await new JobRecords(store).modelName(id)
  const found = name && (await new ModelRegistry(store).ofJob(name, id).catch(nullIfDamaged))
  if (!found) return null
  const { version, metrics } = found
  // the last step has a checkpoint; the model may be that of a better one
  const step = (await new Checkpoints(store).steps(id)).at(-1) ?? found.step
  return { model: { id: found.name, version }, metrics, step }
}
