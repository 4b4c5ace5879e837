import { type FieldError, fieldError } from '../errors.js'
import type { DatasetManifest, ImagesManifest } from '../spec/dataset.js'
import {
  type BoostingJob,
  type BoostingJobRequest,
  isBoostingRequest,
  type JobManifest,
  type JobRequest,
  type NetworkJob,
  type NetworkJobRequest,
} from '../spec/job.js'
import { invalidJob } from './errors.js'
import { planBoosting } from './plan-boosting.js'
import { planModel } from './plan-model.js'
import { planTraining } from './plan-training.js'

interface Identity {
  id: string
  createdAt: string
}

/** Fills in every choice that a request leaves open; throws with all that cannot work on this data. */
export function planJob(
  identity: Identity,
  request: JobRequest,
  dataset: DatasetManifest,
  validation: DatasetManifest | null,
): JobManifest {
  return isBoostingRequest(request)
    ? planBoostingJob(identity, request, dataset, validation)
    : planNetworkJob(identity, request, dataset, validation)
}

export function planNetworkJob(
  identity: Identity,
  request: NetworkJobRequest,
  dataset: DatasetManifest,
  validation: DatasetManifest | null,
): NetworkJob {
  const kindErrors = datasetKindErrors('images', request, dataset, validation)
  if (dataset.kind !== 'images' || validation?.kind === 'table') throw invalidJob(kindErrors)
  const { plan: training, fieldErrors } = planTraining(request.training ?? {}, dataset, validation)
  if (validation) fieldErrors.push(...validationMismatchErrors(dataset, validation))
  const planned = planModel(request.model, dataset)
  fieldErrors.push(...planned.fieldErrors)
  if (fieldErrors.length > 0) throw invalidJob(fieldErrors)
  return { ...baseManifest(identity, request, dataset), model: planned.model, training }
}

function planBoostingJob(
  identity: Identity,
  request: BoostingJobRequest,
  dataset: DatasetManifest,
  validation: DatasetManifest | null,
): BoostingJob {
  const kindErrors = datasetKindErrors('table', request, dataset, validation)
  if (dataset.kind !== 'table' || validation?.kind === 'images') throw invalidJob(kindErrors)
  const { model, training, fieldErrors } = planBoosting(request, dataset, validation)
  if (fieldErrors.length > 0) throw invalidJob(fieldErrors)
  return { ...baseManifest(identity, request, dataset), model, training }
}

const baseManifest = (identity: Identity, request: JobRequest, { id, name }: DatasetManifest) => ({
  ...identity,
  name: request.name ?? `${request.model.kind}-${name}`.slice(0, 63),
  dataset: { id, name },
})

function datasetKindErrors(
  expectedKind: DatasetManifest['kind'],
  { model }: JobRequest,
  dataset: DatasetManifest,
  validation: DatasetManifest | null,
): FieldError[] {
  const datasets = [
    ['/dataset', dataset],
    ['/training/validation/dataset', validation],
  ] as const
  return datasets.flatMap(([path, found]) => {
    if (!found || found.kind === expectedKind) return []
    const is = found.kind === 'table' ? 'is a table' : 'has images'
    const need =
      expectedKind === 'table' ? 'boosting needs a table' : `a ${model.kind} needs images`
    return [fieldError(path, 'wrong_kind', `'${found.name}' ${is}; ${need}`)]
  })
}

function validationMismatchErrors(
  dataset: ImagesManifest,
  validation: ImagesManifest,
): FieldError[] {
  const size = ({ height, width, channels }: ImagesManifest) => `${height}x${width}x${channels}`
  const fieldErrors: FieldError[] = []
  const path = '/training/validation/dataset'
  if (size(dataset) !== size(validation)) {
    const message = `'${validation.name}' has images of ${size(validation)}, '${dataset.name}' of ${size(dataset)}`
    fieldErrors.push(fieldError(path, 'shape_mismatch', message))
  }
  if (validation.labels.length > dataset.labels.length) {
    const message = `'${validation.name}' has ${validation.labels.length} classes, '${dataset.name}' ${dataset.labels.length}`
    fieldErrors.push(fieldError(path, 'class_mismatch', message))
  }
  return fieldErrors
}
