import { join } from 'node:path'
import { TrainyardError } from '../../src/errors.js'
import { readBundle } from '../../src/formats/tensor-bundle.js'
import { variablesPrefix } from '../../src/graph/saved-model.js'
import { jobKeys } from '../../src/jobs/record/job-paths.js'
import { Models, modelKey } from '../../src/models/registry.js'
import type { InitSource } from '../../src/spec/init-from.js'
import type { WeightsTensor } from '../../src/spec/weights.js'
import type { Store } from '../../src/store/store.js'
import { WeightsStore, weightsKey } from '../../src/weights/weights-store.js'

export interface FoundWeights {
  prefix: string
  tensors: WeightsTensor[]
}

/** The checkpoint that a job begins with, checked against its manifest before native code reads it. */
export async function findWeights(store: Store, source: InitSource): Promise<FoundWeights> {
  if ('weights' in source) {
    const { prefix, tensors } = await new WeightsStore(store).get(source.weights)
    const key = weightsKey(source.weights)
    await checkWhole(store, key, `weights '${source.weights}'`)
    return { prefix: join(await store.folder(key), prefix), tensors }
  }
  if ('job' in source) {
    const key = jobKeys(source.job).checkpoint(source.step)
    await checkWhole(store, key, `checkpoint ${source.step} of job '${source.job}'`)
    return bundleAt(join(await store.folder(key), `model.ckpt-${source.step}`))
  }
  const { model, version } = source
  await checkWhole(store, modelKey(model, version), `version ${version} of model '${model}'`)
  const folder = await new Models(store).savedModel({ name: model, version })
  return bundleAt(variablesPrefix(folder))
}

async function bundleAt(prefix: string): Promise<FoundWeights> {
  const bundle = await readBundle(`${prefix}.index`)
  if (!bundle) throw new Error(`${prefix}.index is whole, but no index`)
  return { prefix, tensors: bundle.tensors }
}

async function checkWhole(store: Store, key: string, what: string): Promise<void> {
  if (await store.verify(key)) return
  throw new TrainyardError(
    'INIT_SOURCE_GONE',
    'invalid',
    `initFrom: ${what} is gone or damaged; submit the job again with another`,
  )
}
