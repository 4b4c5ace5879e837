import type { ModelAliases } from '../../models/references/model-aliases.js'
import type { ModelRegistry } from '../../models/registry.js'
import type { Model } from '../../spec/model.js'
import type { ModelSelector } from '../../spec/model-selector.js'
import type { DamageRegistry } from '../../store/damage-registry.js'
import type { PredictionService } from '../prediction-service.js'
import type { InputLimits } from '../protocols/served-input.js'

/** What the gRPC services answer from. */
export interface ServingParts {
  /** Of this server. */
  version: string
  predictions: PredictionService
  models: Pick<ModelRegistry, 'get' | 'allVersions' | 'assertIntact'>
  modelRecords: { aliases: Pick<ModelAliases, 'find'> }
  damage: Pick<DamageRegistry, 'has'>
  limits: InputLimits & { instances: number }
  /** Whether predictions are answered now. */
  ready(): Promise<boolean>
}

/** The version that a selector means; its files are intact. */
export async function findModel(
  { models, modelRecords }: Pick<ServingParts, 'models' | 'modelRecords'>,
  selector: ModelSelector,
): Promise<Model> {
  const model = await modelRecords.aliases.find(selector)
  await models.assertIntact(model)
  return model
}
