import { type Flaw, TrainyardError } from '../errors.js'
import type { DatasetManifest, ImagesManifest } from '../spec/dataset.js'
import type { JobManifest, JobRequest } from '../spec/job.js'
import { planModel } from './model-plan.js'
import { planTraining } from './plan-training.js'

/** Fills in every choice that a request leaves open; throws with all that cannot work on this data. */
export function planJob(
  identity: { id: string; createdAt: string },
  request: JobRequest,
  dataset: DatasetManifest,
  validation: DatasetManifest | null,
): JobManifest {
  const flaws = [
    ...wrongKind('/dataset', request, dataset),
    ...wrongKind('/training/validation/dataset', request, validation),
  ]
  if (dataset.kind !== 'images' || validation?.kind === 'table') throw invalidJob(flaws)
  return planImageJob(identity, request, dataset, validation)
}

function planImageJob(
  identity: { id: string; createdAt: string },
  request: JobRequest,
  dataset: ImagesManifest,
  validation: ImagesManifest | null,
): JobManifest {
  const { plan: training, flaws } = planTraining(request.training ?? {}, dataset, validation)
  if (validation) flaws.push(...misfit(dataset, validation))
  const planned = planModel(request.model, dataset)
  flaws.push(...planned.flaws)
  if (flaws.length > 0) throw invalidJob(flaws)
  return {
    ...identity,
    name: request.name ?? `${request.model.kind}-${dataset.name}`.slice(0, 63),
    model: planned.model,
    dataset: { id: dataset.id, name: dataset.name },
    training,
  }
}

function wrongKind(path: string, { model }: JobRequest, dataset: DatasetManifest | null): Flaw[] {
  if (dataset?.kind !== 'table') return []
  const message = `'${dataset.name}' is a table; a ${model.kind} needs images`
  return [flaw(path, 'wrong_kind', message)]
}

function invalidJob(flaws: readonly Flaw[]): TrainyardError {
  const detail = flaws.map(({ message }) => message).join('; ')
  return new TrainyardError('INVALID_JOB', 'invalid', detail, { errors: flaws })
}

const flaw = (path: string, code: string, message: string): Flaw => ({ path, code, message })

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
