// The Open Inference Protocol over gRPC, with Triton's statistics, configuration, repository index and streams.
import { create } from '@bufbuild/protobuf'
import type { ServerDuplexStream, UntypedServiceImplementation } from '@grpc/grpc-js'
import { isMissing } from '../../errors.js'
import { isBoostingModel } from '../../spec/model.js'
import { selectorOfVersion } from '../../spec/model-selector.js'
import { predictOptionsOf, readInferParameters } from '../protocols/infer-request.js'
import { checkRequestedOutputs, chooseOutputs } from '../protocols/model-outputs.js'
import {
  findModel,
  loadModel,
  refuseToUnload,
  repositoryIndex,
} from '../protocols/model-repository.js'
import {
  extensions,
  modelConfig,
  modelMetadata,
  modelStatistics,
  type Tally,
} from '../protocols/oip-metadata.js'
import { predictOutputs } from '../protocols/predict-outputs.js'
import { servedInputOf } from '../protocols/served-input.js'
import { inputFromTensors } from '../protocols/tensor-input.js'
import { type CallContext, type GrpcServer, headersOf } from './grpc-server.js'
import {
  inferResponse,
  plainParameters,
  readInputs,
  readRequestedOutputs,
} from './infer-messages.js'
import {
  DataType,
  type ModelConfigRequest,
  ModelConfigResponseSchema,
  type ModelInferRequest,
  type ModelInferResponse,
  type ModelMetadataRequest,
  ModelMetadataResponseSchema,
  type ModelReadyRequest,
  ModelReadyResponseSchema,
  type ModelStatisticsRequest,
  ModelStatisticsResponseSchema,
  type ModelStreamInferResponse,
  ModelStreamInferResponseSchema,
  type RepositoryIndexRequest,
  RepositoryIndexResponseSchema,
  type RepositoryModelLoadRequest,
  RepositoryModelLoadResponseSchema,
  type RepositoryModelUnloadRequest,
  ServerLiveResponseSchema,
  ServerMetadataResponseSchema,
  ServerReadyResponseSchema,
} from './proto/inference_pb.js'
import type { ServingParts } from './serving-parts.js'

/** How many requests of one stream are answered at the same time. */
const maxStreamRequests = 16

/** The handlers of service `inference.GRPCInferenceService`. */
export function oipHandlers(server: GrpcServer, parts: ServingParts): UntypedServiceImplementation {
  const { predictions, models, modelRecords, limits } = parts
  const path = '/inference.GRPCInferenceService'

  return {
    serverLive: server.unary(() => create(ServerLiveResponseSchema, { live: true })),
    serverReady: server.unary(async () => {
      return create(ServerReadyResponseSchema, { ready: await parts.ready() })
    }),
    modelReady: server.unary(async ({ name, version }: ModelReadyRequest) => {
      // Triton's server answers this, too, for a model that it does not have
      const ready = await findModel(parts, selectorOfVersion(name, version)).then(
        () => true,
        error => {
          if (isMissing(error)) return false
          throw error
        },
      )
      return create(ModelReadyResponseSchema, { ready })
    }),
    serverMetadata: server.unary(() => {
      const description = { name: 'trainyard', version: parts.version, extensions: [...extensions] }
      return create(ServerMetadataResponseSchema, description)
    }),
    modelMetadata: server.unary(async ({ name, version }: ModelMetadataRequest) => {
      const { inputs, outputs, ...head } = modelMetadata(
        await findModel(parts, selectorOfVersion(name, version)),
      )
      const toMessage = <T extends { shape: number[] }>(tensor: T) => ({
        ...tensor,
        shape: tensor.shape.map(BigInt),
      })
      return create(ModelMetadataResponseSchema, {
        ...head,
        inputs: inputs.map(toMessage),
        outputs: outputs.map(toMessage),
      })
    }),
    modelConfig: server.unary(async ({ name, version }: ModelConfigRequest) => {
      const model = await findModel(parts, selectorOfVersion(name, version))
      const maxBatch = isBoostingModel(model) ? limits.rows : limits.instances
      const { input, output, platform, backend } = modelConfig(model, maxBatch)
      const toMessage = ({
        name,
        data_type,
        dims,
      }: (typeof input)[number] | (typeof output)[number]) => ({
        name,
        dataType: DataType[data_type as keyof typeof DataType],
        dims: dims.map(BigInt),
      })
      const tensors = { input: input.map(toMessage), output: output.map(toMessage) }
      const config = { name: model.id, platform, backend, maxBatchSize: maxBatch, ...tensors }
      return create(ModelConfigResponseSchema, { config })
    }),
    modelStatistics: server.unary(async ({ name, version }: ModelStatisticsRequest) => {
      const modelStats = (await versionsOf(name, version)).map(each =>
        statisticsMessage(each.name, each.version),
      )
      return create(ModelStatisticsResponseSchema, { modelStats })
    }),
    modelInfer: server.unary(infer),
    modelStreamInfer: (call: ServerDuplexStream<ModelInferRequest, ModelStreamInferResponse>) => {
      const aborter = new AbortController()
      const context = {
        signal: aborter.signal,
        deadline: Number.POSITIVE_INFINITY,
        header: headersOf(call.metadata),
      }
      let running = 0
      let hasEnded = false
      const endIfDone = () => {
        if (hasEnded && running === 0) call.end()
      }
      call.on('cancelled', () => aborter.abort())
      call.on('data', (request: ModelInferRequest) => {
        running++
        if (running >= maxStreamRequests) call.pause()
        void answerInStream(request, context).then(answer => {
          running--
          call.write(answer)
          call.resume()
          endIfDone()
        })
      })
      call.on('end', () => {
        hasEnded = true
        endIfDone()
      })
    },
    repositoryIndex: server.unary(async ({ ready }: RepositoryIndexRequest) => {
      const shown = await repositoryIndex(parts, ready)
      return create(RepositoryIndexResponseSchema, { models: shown })
    }),
    repositoryModelLoad: server.unary(
      async ({ modelName, parameters }: RepositoryModelLoadRequest) => {
        await loadModel(parts, modelName, parameters)
        return create(RepositoryModelLoadResponseSchema)
      },
    ),
    repositoryModelUnload: server.unary(({ modelName }: RepositoryModelUnloadRequest) =>
      refuseToUnload(parts, modelName),
    ),
  }

  async function infer(
    request: ModelInferRequest,
    context: CallContext,
  ): Promise<ModelInferResponse> {
    const startedAt = performance.now()
    const selector = selectorOfVersion(request.modelName, request.modelVersion)
    const model = await predictions.select(selector, context)
    const parameters = readInferParameters(plainParameters(request.parameters))
    const requested = readRequestedOutputs(request)
    checkRequestedOutputs(model, requested ?? [])
    const input = inputFromTensors(readInputs(request), servedInputOf(model), parameters, limits)
    const { deadline = Number.POSITIVE_INFINITY, ...options } = predictOptionsOf(
      parameters,
      startedAt,
    )
    const { outputs, notes } = await predictOutputs(predictions, model, input, {
      ...options,
      signal: context.signal,
      deadline: Math.min(deadline, context.deadline),
    })
    return inferResponse({
      name: model.id,
      version: model.version,
      id: request.id,
      notes,
      outputs: await chooseOutputs(outputs, requested, true, model.labels),
    })
  }

  /** A stream goes on after a request that fails. */
  async function answerInStream(
    request: ModelInferRequest,
    context: CallContext,
  ): Promise<ModelStreamInferResponse> {
    try {
      const inferResponse = await infer(request, context)
      return create(ModelStreamInferResponseSchema, { inferResponse })
    } catch (error) {
      const { details } = server.statusFor(error, `${path}/ModelStreamInfer`)
      const inferResponse = { id: request.id }
      return create(ModelStreamInferResponseSchema, { errorMessage: details, inferResponse })
    }
  }

  async function versionsOf(name: string, version: string) {
    if (name === '') return models.allVersions()
    if (version === '') {
      return (await models.get(name)).versions.map(each => ({ name, version: each }))
    }
    return [await modelRecords.aliases.find(selectorOfVersion(name, version))]
  }

  function statisticsMessage(name: string, version: number) {
    const { batch_stats, inference_stats, last_inference, inference_count, execution_count } =
      modelStatistics(name, version, predictions.statistics.of(name, version))
    const { compute_input, compute_infer, compute_output, cache_hit, cache_miss, ...others } =
      inference_stats
    return {
      name,
      version: String(version),
      lastInference: BigInt(Math.round(last_inference)),
      inferenceCount: BigInt(inference_count),
      executionCount: BigInt(execution_count),
      inferenceStats: {
        ...Object.fromEntries(Object.entries(others).map(([key, tally]) => [key, duration(tally)])),
        computeInput: duration(compute_input),
        computeInfer: duration(compute_infer),
        computeOutput: duration(compute_output),
        cacheHit: duration(cache_hit),
        cacheMiss: duration(cache_miss),
      },
      batchStats: batch_stats.map(batch => ({
        batchSize: BigInt(batch.batch_size),
        computeInput: duration(batch.compute_input),
        computeInfer: duration(batch.compute_infer),
        computeOutput: duration(batch.compute_output),
      })),
    }
  }
}

const duration = ({ count, ns }: Tally) => ({ count: BigInt(count), ns: BigInt(Math.round(ns)) })
