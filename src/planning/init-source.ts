import { isMissing, TrainyardError } from '../errors.js'
import type { Checkpoint } from '../spec/checkpoint.js'
import type { DatasetManifest } from '../spec/dataset.js'
import type { FieldErrorCode } from '../spec/field-error-codes.js'
import type { InitFrom, InitSource } from '../spec/init-from.js'
import { isBoosting, isPrediction, type JobManifest, type NetworkJob } from '../spec/job.js'
import { isBoostingModel, type Model } from '../spec/model.js'
import type { NetworkOptions, ResNetLayout } from '../spec/model-options.js'
import type { ModelSelector } from '../spec/model-selector.js'
import type { WeightsNormalization } from '../spec/normalization.js'
import type { WeightsManifest, WeightsTensor } from '../spec/weights.js'
import { orFieldError } from './errors.js'
import { layoutOfTensors } from './weights-layout.js'

/**
 * Finds the sources of initial weights. Each method throws an error of kind `missing` if there is
 * none.
 */
export interface InitSourceLookup {
  findModel(selector: ModelSelector): Promise<Model>
  findWeights(id: string): Promise<WeightsManifest>
  findJob(id: string): Promise<JobManifest>
  findDataset(idOrName: string): Promise<DatasetManifest>
  /** Oldest first. */
  checkpoints(jobId: string): Promise<Pick<Checkpoint, 'step' | 'format'>[]>
  /** Both return null if the files cannot be read. */
  modelTensors(name: string, version: number): Promise<WeightsTensor[] | null>
  checkpointTensors(jobId: string, step: number): Promise<WeightsTensor[] | null>
}

/** Where a job's initial weights come from, and how they were made. */
export interface InitialSource {
  source: InitSource
  /** For messages. */
  description: string
  /** How the images were normalized; null if it is not known. */
  normalization: WeightsNormalization | null
  /** The normalization that TF-Slim's published weights of this network need; null if there are none. */
  published: 'caffe' | 'inception' | null
  /** Of ResNet v1; null for other networks. */
  layout: ResNetLayout | null
  /** Null if they cannot be read. */
  tensors: WeightsTensor[] | null
}

/**
 * Resolves the newest version or checkpoint when a job is submitted, so that all its attempts start
 * from the same weights. Throws `INVALID_JOB` if the source does not exist or has no network
 * weights.
 */
export async function findInitialSource(
  request: InitFrom,
  lookup: InitSourceLookup,
): Promise<InitialSource> {
  const { model, version, alias, job, step, weights } = request
  const normalize = request.normalize !== undefined && { normalize: request.normalize }
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
  if (alias !== undefined && model === undefined) {
    throw initFromError('/alias', 'contradiction', 'an alias goes with a model')
  }
  if (alias !== undefined && version !== undefined) {
    throw initFromError('/alias', 'contradiction', 'give one of version and alias')
  }
  if (step !== undefined && job === undefined) {
    throw initFromError('/step', 'contradiction', 'a step goes with a job')
  }
  if (model !== undefined) {
    const found = await orInitFromError(
      alias === undefined ? '/model' : '/alias',
      'model_not_found',
      lookup.findModel({ name: model, version, alias }),
    )
    if (isBoostingModel(found))
      throw initFromError('/model', 'wrong_kind', boostingHasNoWeights(`model '${model}'`))
    return {
      source: { model, version: found.version, ...normalize },
      description: `the weights of model '${model}', version ${found.version},`,
      normalization: { mean: found.input.mean, std: found.input.std },
      published: null,
      layout: layoutOfModel(found.model),
      tensors: await lookup.modelTensors(model, found.version),
    }
  }
  if (weights !== undefined) {
    const found = await orInitFromError(
      '/weights',
      'weights_not_found',
      lookup.findWeights(weights),
    )
    return {
      source: { weights, ...normalize },
      description: `the weights '${found.name}'`,
      normalization: found.normalize ?? null,
      published: publishedNormalization(found.tensors),
      layout: layoutOfTensors(found.tensors),
      tensors: found.tensors,
    }
  }
  const found = await orInitFromError('/job', 'job_not_found', lookup.findJob(job!))
  if (isPrediction(found))
    throw initFromError('/job', 'wrong_kind', `job '${job}' predicts, and trains no weights`)
  if (isBoosting(found))
    throw initFromError('/job', 'wrong_kind', boostingHasNoWeights(`job '${job}'`))
  const resolvedStep = await resolveStep(found.id, step, lookup)
  return {
    source: { job: found.id, step: resolvedStep, ...normalize },
    description: `the weights of job '${job}'`,
    normalization: await normalizationOfJob(found, lookup),
    published: null,
    layout: layoutOfModel(found.model),
    tensors: await lookup.checkpointTensors(found.id, resolvedStep),
  }
}

/** A job that is older than its field has the normalization of its data set, which may be gone. */
async function normalizationOfJob(
  { normalization, dataset }: NetworkJob,
  { findDataset }: InitSourceLookup,
): Promise<WeightsNormalization | null> {
  if (normalization) return { mean: normalization.mean, std: normalization.std }
  const found = await findDataset(dataset.id).catch(error => {
    if (isMissing(error)) return null
    throw error
  })
  return found?.kind === 'images' ? { mean: found.mean, std: found.std } : null
}

/** Models that are older than the option are in torchvision's layout. */
const layoutOfModel = (model: NetworkOptions): ResNetLayout | null =>
  'version' in model && model.version === 1 ? (model.layout ?? 'torchvision') : null

/** Recognizes the networks of which TF-Slim published weights by the names of their variables. */
function publishedNormalization(tensors: readonly WeightsTensor[]): 'caffe' | 'inception' | null {
  const has = (name: RegExp) => tensors.some(tensor => name.test(tensor.name))
  if (has(/^(resnet_v1_(50|101|152)|vgg_(16|19))\//)) return 'caffe'
  return has(/^resnet_v2_(50|101|152)\//) ? 'inception' : null
}

async function resolveStep(
  job: string,
  requestedStep: number | undefined,
  { checkpoints }: InitSourceLookup,
) {
  const found = await orInitFromError('/job', 'job_not_found', checkpoints(job))
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

const orInitFromError = <T>(path: string, code: FieldErrorCode, found: Promise<T>): Promise<T> =>
  orFieldError(path, code, found, initFromError)

const boostingHasNoWeights = (what: string) =>
  `${what} made trees, which have no weights of a network`

const initFromError = (path: string, code: FieldErrorCode, message: string) =>
  new TrainyardError('INVALID_JOB', `initFrom: ${message}`, {
    errors: [{ path: `/initFrom${path}`, code, message }],
  })
