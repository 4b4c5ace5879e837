import type { FastifyRequest } from 'fastify'
import type { PredictOptions } from '../../serving/pool/request.js'
import type { RepositoryParts } from '../../serving/protocols/model-repository.js'
import type { PredictedOutputs } from '../../serving/protocols/predict-outputs.js'
import { type ModelInput, servedInputOf } from '../../serving/protocols/served-input.js'
import type { Model } from '../../spec/model.js'
import { type ModelSelector, selectorOfVersion } from '../../spec/model-selector.js'
import type { Limits } from '../http/limits.js'
import { bytesOf } from '../http/raw-request.js'
import type { PredictionThread } from '../predict/prediction-thread.js'
import type { ProtocolInput, ProtocolTask } from '../predict/protocol-input.js'

export interface ProtocolRoutesDeps extends RepositoryParts {
  limits: Limits
  predictionThread: PredictionThread
}

export interface ProtocolParts extends ProtocolRoutesDeps {
  /** The version that answers a request for predictions, which is counted from now on. */
  select(request: FastifyRequest, selector: ModelSelector): Promise<Model>
  /** The version that a selector means; its files are intact. */
  find(selector: ModelSelector): Promise<Model>
  read(task: ProtocolTask, model: Model): Promise<ProtocolInput>
  predict(
    request: FastifyRequest,
    model: Model,
    input: ModelInput,
    options: PredictOptions,
  ): Promise<PredictedOutputs>
}

export const selectorOf = ({ id, version }: { id: string; version?: string }): ModelSelector =>
  selectorOfVersion(id, version)

export const taskOf = (request: FastifyRequest, model: Model, limits: Limits) => ({
  bytes: bytesOf(request),
  limits,
  model: servedInputOf(model),
})
