import { isMissing, TrainyardError } from '../errors.js'
import type { Checkpoint } from '../spec/checkpoint.js'
import type { FieldErrorCode } from '../spec/field-error-codes.js'
import type { InitFrom, InitSource } from '../spec/init-from.js'
import type { Model } from '../spec/model.js'

/**
 * Finds the sources of initial weights. Each method throws an error of kind `missing` if there is
 * none.
 */
export interface InitSourceLookup {
  findModel(name: string, version?: number): Promise<Pick<Model, 'version' | 'model'>>
  findWeights(id: string): Promise<unknown>
  /** Oldest first. */
  checkpoints(jobId: string): Promise<Pick<Checkpoint, 'step' | 'format'>[]>
}

/**
 * Resolves the newest version or checkpoint when a job is submitted, so that all its attempts start
 * from the same weights. Throws `INVALID_JOB` if the source does not exist or has no network
 * weights.
 */
export async function resolveInitSource(
  request: InitFrom,
  lookup: InitSourceLookup,
): Promise<InitSource> {
  const { model, version, job, step, weights } = request
  const sources = (['model', 'job', 'weights'] as const).filter(kind => request[kind] !== undefined)
  if (sources.length !== 1) {
    const found = sources.length === 0 ? 'none of them' : sources.join(' and ')
    throw initFromError(
      '',
      'contradiction',
      `give one of model, job and weights; there is ${found}`,
    )
  }
  if (version !== undefined && model === undefined) {
    throw initFromError('/version', 'contradiction', 'a version goes with a model')
  }
  if (step !== undefined && job === undefined) {
    throw initFromError('/step', 'contradiction', 'a step goes with a job')
  }
  if (model !== undefined) {
    const found = await orFieldError('/model', 'model_not_found', lookup.findModel(model, version))
    if (found.model.kind === 'boosting')
      throw initFromError('/model', 'wrong_kind', boostingHasNoWeights(`model '${model}'`))
    return { model, version: found.version }
  }
  if (weights !== undefined) {
    await orFieldError('/weights', 'weights_not_found', lookup.findWeights(weights))
    return { weights }
  }
  return { job: job!, step: await resolveStep(job!, step, lookup) }
}

async function resolveStep(
  job: string,
  requestedStep: number | undefined,
  { checkpoints }: InitSourceLookup,
) {
  const found = await orFieldError('/job', 'job_not_found', checkpoints(job))
  if (found.some(({ format }) => format === 'xgboost')) {
    throw initFromError('/job', 'wrong_kind', boostingHasNoWeights(`job '${job}'`))
  }
  const steps = found.map(({ step }) => step)
  const step = requestedStep ?? steps.at(-1)
  if (step !== undefined && steps.includes(step)) return step
  const available = steps.length > 0 ? `it has ${steps.join(', ')}` : 'it has none'
  const what = step === undefined ? 'a checkpoint' : `checkpoint ${step}`
  throw initFromError(
    '/step',
    'checkpoint_not_found',
    `job '${job}' does not have ${what}; ${available}`,
  )
}

/** Turns "not found" into an error of the field that names the thing. */
async function orFieldError<T>(path: string, code: FieldErrorCode, found: Promise<T>): Promise<T> {
  return found.catch(error => {
    if (isMissing(error)) throw initFromError(path, code, error.message)
    throw error
  })
}

const boostingHasNoWeights = (what: string) =>
  `${what} made trees, which have no weights of a network`

const initFromError = (path: string, code: FieldErrorCode, message: string) =>
  new TrainyardError('INVALID_JOB', `initFrom: ${message}`, {
    errors: [{ path: `/initFrom${path}`, code, message }],
  })
