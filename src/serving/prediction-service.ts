import type { ModelRegistry } from '../models/registry.js'
import type { PredictRequest, Probabilities, RowsInput, RowValues } from '../spec/ipc-messages.js'
import type { BoostingModel, Model, NetworkModel } from '../spec/model.js'
import type { ModelSelector } from '../spec/model-selector.js'
import type { Predictor, RowPredictor } from './predictor-client.js'

export type ImagesInput = PredictRequest['input']

export interface PredictionServiceDeps {
  models: Pick<ModelRegistry, 'get' | 'folder' | 'savedModel' | 'assertIntact'>
  predictor: Pick<Predictor, 'predict'>
  rowPredictor: Pick<RowPredictor, 'predict'>
  /** Counts numbers as memory while they wait, and returns a function that gives it back. Throws OVERLOADED. */
  reserve(bytes: number): () => void
}

/** What every protocol predicts by: which version answers, and the numbers that it answers with. */
export class PredictionService {
  constructor(private readonly deps: PredictionServiceDeps) {}

  /** The version that answers; its files are intact. Throws MODEL_NOT_FOUND or a DamagedError. */
  async select({ name, version }: ModelSelector): Promise<Model> {
    const { models } = this.deps
    const model = await models.get(name, version)
    await models.assertIntact(model)
    return model
  }

  /** Images as pixels, or as files that `checkImage` has seen, → probabilities [images, classes]. */
  async predictImages(model: NetworkModel, input: ImagesInput): Promise<Probabilities> {
    const { models, predictor } = this.deps
    const folder = await models.savedModel(model)
    const predict = () => predictor.predict(folder, input)
    return input.kind === 'pixels' ? this.withMemory(input.data, predict) : predict()
  }

  /** Encoded rows → values [rows, outputs], and SHAP values if `input.explain`. */
  async predictRows(model: BoostingModel, input: RowsInput): Promise<RowValues> {
    const { models, rowPredictor } = this.deps
    const folder = await models.folder(model)
    return this.withMemory(input.rows, () => rowPredictor.predict(folder, input))
  }

  /** Twice the numbers, since they are copied for the predictor's process. */
  private async withMemory<T>(numbers: Float32Array, predict: () => Promise<T>): Promise<T> {
    const release = this.deps.reserve(2 * numbers.byteLength)
    try {
      return await predict()
    } finally {
      release()
    }
  }
}
