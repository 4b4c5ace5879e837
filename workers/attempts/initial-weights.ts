import { join } from 'node:path'
import { TrainingFailure } from '../../src/errors.js'
import { readTensorBundle } from '../../src/formats/tensor-bundle.js'
import { variablesPrefix } from '../../src/graph/saved-model.js'
import { jobPaths } from '../../src/jobs/record/job-paths.js'
import { ModelRegistry, modelKey } from '../../src/models/registry.js'
import type { InitSource } from '../../src/spec/init-from.js'
import type { WeightsTensor } from '../../src/spec/weights.js'
import type { Store } from '../../src/store/store.js'
import { WeightsStore, weightsKey } from '../../src/weights/weights-store.js'

export interface InitialWeights {
  /** File prefix of the TensorFlow checkpoint. */
  prefix: string
  tensors: WeightsTensor[]
}

/**
 * Finds the checkpoint that `initFrom` names, and verifies its files against their checksums, since
 * native code will read them.
 */
export async function resolveInitialWeights(
  store: Store,
  source: InitSource,
): Promise<InitialWeights> {
  if ('weights' in source) {
    const key = weightsKey(source.weights)
    await assertIntact(store, key, `weights '${source.weights}'`)
    const { prefix, tensors } = await new WeightsStore(store).get(source.weights)
    return { prefix: join(await store.folder(key), prefix), tensors }
  }
  if ('job' in source) {
    const key = jobPaths(source.job).checkpoint(source.step)
    await assertIntact(store, key, `checkpoint ${source.step} of job '${source.job}'`)
    return readBundleWeights(join(await store.folder(key), `model.ckpt-${source.step}`))
  }
  const { model, version } = source
  await assertIntact(store, modelKey(model, version), `version ${version} of model '${model}'`)
  const folder = await new ModelRegistry(store).savedModel({ name: model, version })
  return readBundleWeights(variablesPrefix(folder))
}

async function readBundleWeights(prefix: string): Promise<InitialWeights> {
  const bundle = await readTensorBundle(`${prefix}.index`)
  if (!bundle) throw new Error(`${prefix}.index matches its checksum but is not a checkpoint index`)
  return { prefix, tensors: bundle.tensors }
}

async function assertIntact(store: Store, key: string, description: string): Promise<void> {
  if (await store.verify(key)) return
  throw new TrainingFailure(
    'init_source_gone',
    `initFrom: ${description} is gone or damaged; submit the job again with another`,
  )
}
