import { FieldErrors } from '../errors.js'
import type { DatasetManifest } from '../spec/dataset.js'
import { partsOfPlan } from '../spec/dataset-part.js'
import {
  type BoostingJob,
  isBoosting,
  isPrediction,
  type JobManifest,
  type NetworkJob,
} from '../spec/job.js'
import { devicesOf, type Resources, workersOf } from '../spec/resources.js'
import { shardsOf } from '../spec/shards.js'
import { estimateBoostingSize, estimateMemory } from './dry-run.js'
import { withResources } from './plan-resources.js'
import { checkPlaces } from './plan-shards.js'
import { checkBoostingWorkers, checkSingleDevice, checkSingleWorker } from './plan-workers.js'

/**
 * A planned job with other resources. The rest of its plan stays: what it computes does not change with them. Throws
 * `INVALID_JOB` if the plan does not fit them.
 */
export async function planChangedResources(
  job: JobManifest,
  resources: Resources,
  findDataset: (id: string) => Promise<DatasetManifest>,
): Promise<JobManifest> {
  const changed = withResources(job, resources)
  const errors = new FieldErrors()
  const places = { workers: workersOf(changed), devices: devicesOf(changed) }
  if (isPrediction(changed)) {
    checkSingleWorker(places.workers, 'records are predicted', errors)
    checkSingleDevice(places.devices, 'records are predicted', errors)
  } else if (isBoosting(changed)) {
    const { model, training } = changed
    const rows = await countRows(changed, findDataset)
    checkBoostingWorkers(places.workers, model, training.earlyStopping, rows, errors)
    checkSingleDevice(places.devices, 'trees are trained', errors)
  } else {
    const { training } = changed as NetworkJob
    const cure = '; training.shards stays as it was planned, so submit a new job for others'
    checkPlaces(shardsOf(training), places, cure, errors)
  }
  errors.throwIfAny('INVALID_JOB')
  if (!isBoosting(changed)) return changed
  const memory = estimateMemory('boosting', estimateBoostingSize(changed), places.workers)
  return { ...changed, memory }
}

/** Rows without a target are among the held out ones: the trainer counts exactly. */
async function countRows(
  { dataset: { id }, training }: BoostingJob,
  findDataset: (id: string) => Promise<DatasetManifest>,
) {
  const { validation, rows } = training
  const other = 'dataset' in validation ? await findDataset(validation.dataset) : null
  const parts = partsOfPlan(training, await findDataset(id), other)
  const isHeldOut = 'fraction' in validation && validation.fraction > 0
  const heldOut = isHeldOut ? parts.training.records - rows : 0
  return { training: rows, validation: parts.validation?.records ?? heldOut }
}
