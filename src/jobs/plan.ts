import { type Flaw, TrainyardError } from '../errors.js'
import type { DatasetManifest } from '../spec/dataset.js'
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
  const { plan: training, flaws } = planTraining(request.training ?? {}, dataset, validation)
  if (validation) flaws.push(...misfit(dataset, validation))
  const planned = planModel(request.model, dataset)
  flaws.push(...planned.flaws)
  if (flaws.length > 0) {
    const detail = flaws.map(({ message }) => message).join('; ')
    throw new TrainyardError('INVALID_JOB', 'invalid', detail, { errors: flaws })
  }
  return {
    ...identity,
    name: request.name ?? `${request.model.kind}-${dataset.name}`.slice(0, 63),
    model: planned.model,
    dataset: { id: dataset.id, name: dataset.name },
    training,
  }
}

const flaw = (path: string, code: string, message: string): Flaw => ({ path, code, message })

function misfit(dataset: DatasetManifest, validation: DatasetManifest): Flaw[] {
  const size = ({ height, width, channels }: DatasetManifest) => `${height}x${width}x${channels}`
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
