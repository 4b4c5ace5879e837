import { isMissing, TrainyardError } from '../errors.js'
import type { Checkpoint } from '../spec/checkpoint.js'
import type { InitFrom, InitSource } from '../spec/init-from.js'
import type { Model } from '../spec/model.js'

/** Where weights to begin with may be; each throws where there are none. */
export interface SourceFinders {
  findModel(name: string, version?: number): Promise<Pick<Model, 'version' | 'model'>>
  findWeights(id: string): Promise<unknown>
  /** Oldest first. */
  checkpoints(jobId: string): Promise<Pick<Checkpoint, 'step' | 'format'>[]>
}

/** Chosen when a job is submitted: what is newest then stays the source of all attempts. */
export async function resolveSource(asked: InitFrom, find: SourceFinders): Promise<InitSource> {
  const { model, version, job, step, weights } = asked
  const given = (['model', 'job', 'weights'] as const).filter(kind => asked[kind] !== undefined)
  if (given.length !== 1) {
    const found = given.length === 0 ? 'none of them' : given.join(' and ')
    throw flawed('', 'contradiction', `give one of model, job and weights; there is ${found}`)
  }
  if (version !== undefined && model === undefined) {
    throw flawed('/version', 'contradiction', 'a version goes with a model')
  }
  if (step !== undefined && job === undefined) {
    throw flawed('/step', 'contradiction', 'a step goes with a job')
  }
  if (model !== undefined) {
    const found = await known('/model', 'model_not_found', find.findModel(model, version))
    if (found.model.kind === 'boosting')
      throw flawed('/model', 'wrong_kind', trees(`model '${model}'`))
    return { model, version: found.version }
  }
  if (weights !== undefined) {
    await known('/weights', 'weights_not_found', find.findWeights(weights))
    return { weights }
  }
  return { job: job!, step: await stepOf(job!, step, find) }
}

async function stepOf(job: string, asked: number | undefined, { checkpoints }: SourceFinders) {
  const found = await known('/job', 'job_not_found', checkpoints(job))
  if (found.some(({ format }) => format === 'xgboost')) {
    throw flawed('/job', 'wrong_kind', trees(`job '${job}'`))
  }
  const steps = found.map(({ step }) => step)
  const step = asked ?? steps.at(-1)
  if (step !== undefined && steps.includes(step)) return step
  const there = steps.length > 0 ? `it has ${steps.join(', ')}` : 'it has none'
  const what = step === undefined ? 'a checkpoint' : `checkpoint ${step}`
  throw flawed('/step', 'checkpoint_not_found', `job '${job}' does not have ${what}; ${there}`)
}

/** What a request names and nobody has is a flaw of the request. */
async function known<T>(path: string, code: string, found: Promise<T>): Promise<T> {
  return found.catch(error => {
    if (isMissing(error)) throw flawed(path, code, error.message)
    throw error
  })
}

const trees = (what: string) => `${what} made trees, which have no weights of a network`

const flawed = (path: string, code: string, message: string) =>
  new TrainyardError('INVALID_JOB', 'invalid', `initFrom: ${message}`, {
    errors: [{ path: `/initFrom${path}`, code, message }],
  })
