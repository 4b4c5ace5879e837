import { type Flaw, flaw } from '../errors.js'
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
  const strange = wrongKinds('images', request, dataset, validation)
  if (dataset.kind !== 'images' || validation?.kind === 'table') throw invalidJob(strange)
  const { plan: training, flaws } = planTraining(request.training ?? {}, dataset, validation)
  if (validation) flaws.push(...misfit(dataset, validation))
  const planned = planModel(request.model, dataset)
  flaws.push(...planned.flaws)
  if (flaws.length > 0) throw invalidJob(flaws)
  return { ...named(identity, request, dataset), model: planned.model, training }
}

function planBoostingJob(
  identity: Identity,
  request: BoostingJobRequest,
  dataset: DatasetManifest,
  validation: DatasetManifest | null,
): BoostingJob {
  const strange = wrongKinds('table', request, dataset, validation)
  if (dataset.kind !== 'table' || validation?.kind === 'images') throw invalidJob(strange)
  const { model, training, flaws } = planBoosting(request, dataset, validation)
  if (flaws.length > 0) throw invalidJob(flaws)
  return { ...named(identity, request, dataset), model, training }
}

const named = (identity: Identity, request: JobRequest, { id, name }: DatasetManifest) => ({
  ...identity,
  name: request.name ?? `${request.model.kind}-${name}`.slice(0, 63),
  dataset: { id, name },
})

function wrongKinds(
  wanted: DatasetManifest['kind'],
  { model }: JobRequest,
  dataset: DatasetManifest,
  validation: DatasetManifest | null,
): Flaw[] {
  const places = [
    ['/dataset', dataset],
    ['/training/validation/dataset', validation],
  ] as const
  return places.flatMap(([path, found]) => {
    if (!found || found.kind === wanted) return []
    const is = found.kind === 'table' ? 'is a table' : 'has images'
    const need = wanted === 'table' ? 'boosting needs a table' : `a ${model.kind} needs images`
    return [flaw(path, 'wrong_kind', `'${found.name}' ${is}; ${need}`)]
  })
}

function misfit(dataset: ImagesManifest, validation: ImagesManifest): Flaw[] {
  const size = ({ height, width, channels }: ImagesManifest) => `${height}x${width}x${channels}`
  const flaws: Flaw[] = []
  const path = '/training/validation/dataset'
  if (size(dataset) !== size(validation)) {
    const message = `'${validation.name}' has images of ${size(validation)}, '${dataset.name}' of ${size(dataset)}`
    flaws.push(flaw(path, 'shape_mismatch', message))
  }
  if (validation.labels.length > dataset.labels.length) {
    const message = `'${validation.name}' has ${validation.labels.length} classes, '${dataset.name}' ${dataset.labels.length}`
    flaws.push(flaw(path, 'class_mismatch', message))
  }
  return flaws
}
