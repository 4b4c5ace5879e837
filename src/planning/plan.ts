import { FieldErrors } from '../errors.js'
import type { DatasetManifest } from '../spec/dataset.js'
import {
  type BoostingJob,
  type BoostingJobRequest,
  isBoostingRequest,
  type NetworkJob,
  type NetworkJobRequest,
  type TrainingJob,
  type TrainingJobRequest,
} from '../spec/job.js'
import { Notes } from '../spec/notes.js'
import { invalidJob } from './errors.js'
import type { InitialSource } from './init-source.js'
import { planBoosting } from './plan-boosting.js'
import { checkLayout } from './plan-layout.js'
import { planModel } from './plan-model.js'
import { planNormalization } from './plan-normalization.js'
import { planParts } from './plan-parts.js'
import { planServing } from './plan-serving.js'
import { planTraining } from './plan-training.js'
import { planValidationImages } from './plan-validation-images.js'

interface Identity {
  id: string
  createdAt: string
}

/**
 * Fills in every option of a job. Throws one error that lists each field that does not fit the
 * data.
 */
export function planJob(
  identity: Identity,
  request: TrainingJobRequest,
  dataset: DatasetManifest,
  validation: DatasetManifest | null,
  initial: InitialSource | null = null,
): TrainingJob {
  return isBoostingRequest(request)
    ? planBoostingJob(identity, request, dataset, validation)
    : planNetworkJob(identity, request, dataset, validation, initial)
}

export function planNetworkJob(
  identity: Identity,
  request: NetworkJobRequest,
  dataset: DatasetManifest,
  validation: DatasetManifest | null,
  initial: InitialSource | null = null,
): NetworkJob {
  const errors = new FieldErrors()
  checkDatasetKinds('images', request, dataset, validation, errors)
  if (dataset.kind !== 'images' || validation?.kind === 'table') throw invalidJob(errors.all)
  const notes = new Notes()
  const parts = planParts(request.training ?? {}, dataset, validation, errors, notes)
  const { training: trained, validation: validated } = parts
  const options = planTraining(request, parts, errors, notes)
  const validationClasses = validated && planValidationImages(trained, validated, errors, notes)
  const model = planModel(request.model, trained, errors, initial?.layout ?? undefined)
  if (initial) checkLayout(request.model, model, initial, errors, notes)
  const { normalize } = request.initFrom ?? {}
  const normalization = planNormalization(normalize, initial, trained, errors, notes)
  if (!request.initFrom && request.freeze?.length) {
    const message =
      'freeze keeps variables at random values: without initFrom, all values are random'
    notes.add('frozen_random', message)
  }
  const serving = planServing(request.serving, options, validated, notes)
  errors.throwIfAny('INVALID_JOB')
  const training = { ...options, ...(validationClasses && { validationClasses }) }
  const base = baseManifest(identity, request, dataset)
  // what the upload said of the images, such as classes without any, matters to each job
  const allNotes = [...(dataset.notes ?? []), ...notes.all]
  return { ...base, model, training, normalization, serving, notes: allNotes }
}

function planBoostingJob(
  identity: Identity,
  request: BoostingJobRequest,
  dataset: DatasetManifest,
  validation: DatasetManifest | null,
): BoostingJob {
  const errors = new FieldErrors()
  checkDatasetKinds('table', request, dataset, validation, errors)
  if (dataset.kind !== 'table' || validation?.kind === 'images') throw invalidJob(errors.all)
  const notes = new Notes()
  const parts = planParts(request.training ?? {}, dataset, validation, errors, notes)
  const { model, training } = planBoosting(request, parts, errors, notes)
  errors.throwIfAny('INVALID_JOB')
  return { ...baseManifest(identity, request, dataset), model, training, notes: notes.all }
}

const baseManifest = (
  identity: Identity,
  request: TrainingJobRequest,
  { id, name }: DatasetManifest,
) => ({
  ...identity,
  name: request.name ?? `${request.model.kind}-${name}`.slice(0, 63),
  dataset: { id, name },
  ...(request.resources && { resources: request.resources }),
})

const validationPath = '/training/validation/dataset'

function checkDatasetKinds(
  expectedKind: DatasetManifest['kind'],
  request: TrainingJobRequest,
  dataset: DatasetManifest,
  validation: DatasetManifest | null,
  errors: FieldErrors,
): void {
  const modelKind = request.model.kind
  const need = expectedKind === 'table' ? 'boosting needs a table' : `a ${modelKind} needs images`
  const check = (path: string, { kind, name }: DatasetManifest) => {
    const is = kind === 'table' ? 'is a table' : 'has images'
    if (kind !== expectedKind) errors.add(path, 'wrong_kind', `'${name}' ${is}; ${need}`)
  }
  check('/dataset', dataset)
  if (validation) check(validationPath, validation)
}
