// TensorFlow Serving over gRPC: predictions from tensors and examples, metadata and status.
import { create, fromJson, type JsonValue } from '@bufbuild/protobuf'
import { anyPack, Int64ValueSchema } from '@bufbuild/protobuf/wkt'
import type { UntypedServiceImplementation } from '@grpc/grpc-js'
import { quoteTruncated } from '../../errors.js'
import type { Model } from '../../spec/model.js'
import { type ModelSelector, selectorOfVersion } from '../../spec/model-selector.js'
import {
  checkRequestedOutputs,
  chooseOutputs,
  type ModelOutput,
} from '../protocols/model-outputs.js'
import { findModel } from '../protocols/model-repository.js'
import { predictOutputs } from '../protocols/predict-outputs.js'
import { servedInputOf } from '../protocols/served-input.js'
import { invalidRequest, type NumberTensor } from '../protocols/tensor.js'
import { inputFromTensors } from '../protocols/tensor-input.js'
import {
  checkMethod,
  classifications,
  isInSignature,
  tfMetadata,
} from '../protocols/tf-serving-answer.js'
import {
  checkSignature,
  inputFromExamples,
  type TfMethod,
} from '../protocols/tf-serving-request.js'
import { fieldsOfExamples } from './example-fields.js'
import type { Answered, CallContext, GrpcServer } from './grpc-server.js'
import {
  type ClassificationRequest,
  ClassificationResponseSchema,
  type GetModelMetadataRequest,
  GetModelMetadataResponseSchema,
  type GetModelStatusRequest,
  GetModelStatusResponseSchema,
  type ModelSpec,
  ModelSpecSchema,
  type PredictRequest,
  type PredictResponse,
  PredictResponseSchema,
  type RegressionRequest,
  RegressionResponseSchema,
  SignatureDefMapSchema,
  ModelVersionStatus_State as State,
} from './proto/tensorflow_serving_pb.js'
import { receivedBytes } from './service-definition.js'
import type { ServingParts } from './serving-parts.js'
import { protoOfTensor, tensorOfProto } from './tensor-proto.js'

/** The handlers of service `tensorflow.serving.PredictionService`. */
export function tfPredictionHandlers(
  server: GrpcServer,
  parts: ServingParts,
): UntypedServiceImplementation {
  const { predictions, limits } = parts
  return {
    predict: server.unaryWithNotes(predict),
    classify: server.unaryWithNotes(async (request: ClassificationRequest, context) => {
      const { model, outputs, notes } = await predictExamples('classify', request, context)
      const rows = Array.from(classifications(outputs, model.labels), pairs => ({
        classes: pairs.map(([label, score]) => ({ label, score })),
      }))
      const message = create(ClassificationResponseSchema, {
        modelSpec: specOf(model),
        result: { classifications: rows },
      })
      return { message, notes }
    }),
    regress: server.unaryWithNotes(async (request: RegressionRequest, context) => {
      const { model, outputs, notes } = await predictExamples('regress', request, context)
      const { values } = outputs[0]!.tensor() as NumberTensor
      const message = create(RegressionResponseSchema, {
        modelSpec: specOf(model),
        result: { regressions: Array.from(values as Float32Array, value => ({ value })) },
      })
      return { message, notes }
    }),
    getModelMetadata: server.unary(
      async ({ modelSpec, metadataField }: GetModelMetadataRequest) => {
        const foreign = metadataField.find(field => field !== 'signature_def')
        if (foreign !== undefined || metadataField.length === 0) {
          throw invalidRequest(
            `the metadata ${quoteTruncated(foreign ?? '')} is not served, only signature_def`,
          )
        }
        const model = await findModel(parts, selectorOf(modelSpec))
        const { metadata } = tfMetadata(model)
        const signatures = fromJson(SignatureDefMapSchema, metadata.signature_def as JsonValue)
        return create(GetModelMetadataResponseSchema, {
          modelSpec: specOf(model),
          metadata: { signature_def: anyPack(SignatureDefMapSchema, signatures) },
        })
      },
    ),
  }

  async function predictExamples(
    method: TfMethod,
    request: ClassificationRequest | RegressionRequest,
    context: CallContext,
  ): Promise<{ model: Model; outputs: ModelOutput[]; notes: readonly string[] }> {
    const model = await predictions.select(selectorOf(request.modelSpec), context)
    checkMethod(model, method)
    const served = servedInputOf(model)
    checkSignature(request.modelSpec?.signatureName, served)
    const examples = fieldsOfExamples(request.input)
    const input = inputFromExamples(examples, served, receivedBytes(request), limits)
    return { model, ...(await predictOutputs(predictions, model, input, context)) }
  }

  async function predict(
    request: PredictRequest,
    context: CallContext,
  ): Promise<Answered<PredictResponse>> {
    const model = await predictions.select(selectorOf(request.modelSpec), context)
    const served = servedInputOf(model)
    checkSignature(request.modelSpec?.signatureName, served)
    const requested = request.outputFilter.map(name => ({
      name,
      binary: true,
      classification: null,
    }))
    checkRequestedOutputs(model, requested)
    const tensors = Object.entries(request.inputs).map(([name, proto]) =>
      tensorOfProto(name, proto),
    )
    const input = inputFromTensors(tensors, served, {}, limits)
    const { outputs, notes } = await predictOutputs(predictions, model, input, context)
    const chosen = await chooseOutputs(
      requested.length > 0 ? outputs : outputs.filter(output => isInSignature(model, output)),
      requested.length > 0 ? requested : null,
      true,
      model.labels,
    )
    const message = create(PredictResponseSchema, {
      modelSpec: specOf(model),
      outputs: Object.fromEntries(chosen.map(({ tensor }) => [tensor.name, protoOfTensor(tensor)])),
    })
    return { message, notes }
  }
}

/** The handlers of service `tensorflow.serving.ModelService`. */
export const tfModelHandlers = (
  server: GrpcServer,
  { models, modelRecords }: ServingParts,
): UntypedServiceImplementation => ({
  getModelStatus: server.unary(async ({ modelSpec }: GetModelStatusRequest) => {
    const selector = selectorOf(modelSpec)
    const isAny = selector.version === undefined && selector.alias === undefined
    const versions = isAny
      ? (await models.get(selector.name)).versions
      : [(await modelRecords.aliases.find(selector)).version]
    return create(GetModelStatusResponseSchema, {
      modelVersionStatus: versions
        .toSorted((a, b) => b - a)
        .map(version => ({ version: BigInt(version), state: State.AVAILABLE, status: {} })),
    })
  }),
})

/** A label is an alias. */
function selectorOf(spec: ModelSpec | undefined): ModelSelector {
  if (!spec || spec.name === '') throw invalidRequest('model_spec has no name')
  const { name, versionChoice } = spec
  if (versionChoice.case === 'versionLabel') return { name, alias: versionChoice.value }
  return selectorOfVersion(name, versionChoice.value?.value.toString())
}

const specOf = (model: Model): ModelSpec =>
  create(ModelSpecSchema, {
    name: model.id,
    versionChoice: {
      case: 'version',
      value: create(Int64ValueSchema, { value: BigInt(model.version) }),
    },
    signatureName: 'serving_default',
  })
