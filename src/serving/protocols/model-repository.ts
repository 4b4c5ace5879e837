// Triton's model repository over REST and gRPC: its index, and what can be said of loading and unloading.
import type { ModelAliases } from '../../models/references/model-aliases.js'
import { type ModelRegistry, modelKey } from '../../models/registry.js'
import type { Model } from '../../spec/model.js'
import type { ModelSelector } from '../../spec/model-selector.js'
import type { DamageRegistry } from '../../store/damage-registry.js'
import type { PredictionService } from '../prediction-service.js'
import { predictOutputs } from './predict-outputs.js'
import { blankInput } from './served-input.js'
import { invalidRequest } from './tensor.js'

export interface RepositoryParts {
  predictions: PredictionService
  models: Pick<ModelRegistry, 'get' | 'allVersions' | 'assertIntact'>
  modelRecords: { aliases: Pick<ModelAliases, 'find'> }
  damage: Pick<DamageRegistry, 'has'>
}

/** The version that a selector means; its files are intact. */
export async function findModel(
  { models, modelRecords }: Pick<RepositoryParts, 'models' | 'modelRecords'>,
  selector: ModelSelector,
): Promise<Model> {
  const model = await modelRecords.aliases.find(selector)
  await models.assertIntact(model)
  return model
}

/** All versions. Each is READY, since it is loaded when it is asked, unless it is known to be damaged. */
export async function repositoryIndex(
  { models, damage }: Pick<RepositoryParts, 'models' | 'damage'>,
  onlyReady: boolean,
) {
  const versions = await models.allVersions()
  return versions
    .map(({ name, version }) => {
      const isDamaged = damage.has('model', modelKey(name, version))
      const state = isDamaged ? ('UNAVAILABLE' as const) : ('READY' as const)
      const reason = isDamaged ? 'its files are damaged' : ''
      return { name, version: String(version), state, reason }
    })
    .filter(({ state }) => !onlyReady || state === 'READY')
}

/** Asks a model once, with a blank image or row. Throws if there are parameters: a model does not change. */
export async function loadModel(
  parts: RepositoryParts,
  name: string,
  parameters: Readonly<Record<string, unknown>>,
): Promise<void> {
  const [foreign] = Object.keys(parameters)
  if (foreign !== undefined) {
    const message = `a model cannot be loaded with ${foreign.slice(0, 60)}: models come from jobs, and do not change`
    throw invalidRequest(message)
  }
  const model = await findModel(parts, { name })
  await predictOutputs(parts.predictions, model, blankInput(model), { watched: false })
}

/** Always throws: MODEL_NOT_FOUND, or that the server itself unloads models. */
export async function refuseToUnload(
  parts: Pick<RepositoryParts, 'models' | 'modelRecords'>,
  name: string,
): Promise<never> {
  const { id } = await findModel(parts, { name })
  const message = `'${id}' cannot be unloaded on request: the models that were asked least recently leave the memory; DELETE /models/${id} removes it for good`
  throw invalidRequest(message)
}
