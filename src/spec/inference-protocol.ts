// Requests and answers of the Open Inference Protocol v2 over REST, with Triton's extensions. A server may get fields
// that it does not know, and ignores them.
import { Type } from 'typebox'

const datatypes = [
  ...['BOOL', 'UINT8', 'UINT16', 'UINT32', 'UINT64', 'INT8', 'INT16', 'INT32', 'INT64'],
  ...['FP16', 'BF16', 'FP32', 'FP64', 'BYTES'],
] as const

const TensorDatatype = Type.Enum([...datatypes])
const Shape = Type.Array(Type.Integer(), {
  description: 'sizes of its dimensions; the first one is the number of predictions',
})
const WholeNumber = Type.Integer({ minimum: 0, maximum: 2 ** 53 - 1 })

export const InferInput = Type.Object({
  name: Type.String({ minLength: 1, description: 'GET /v2/models/:id lists the inputs' }),
  shape: Type.Array(Type.Integer({ minimum: 0, maximum: 2 ** 53 - 1 }), { maxItems: 8 }),
  datatype: TensorDatatype,
  parameters: Type.Optional(
    Type.Object({
      binary_data_size: Type.Optional(
        Type.Integer({
          minimum: 0,
          maximum: 2 ** 53 - 1,
          description: 'bytes of the tensor after the JSON, in place of `data`',
        }),
      ),
      content_type: Type.Optional(
        Type.String({ description: '`base64`: texts of type BYTES are base64' }),
      ),
    }),
  ),
  data: Type.Optional(
    Type.Array(Type.Unknown(), { description: 'values, flat or nested as the shape says' }),
  ),
})

export const RequestedInferOutput = Type.Object({
  name: Type.String({ minLength: 1 }),
  parameters: Type.Optional(
    Type.Object({
      binary_data: Type.Optional(Type.Boolean({ description: 'as bytes after the JSON' })),
      classification: Type.Optional(
        Type.Integer({
          minimum: 0,
          maximum: 2 ** 53 - 1,
          description: 'the number of best classes, as texts `value:index:label`',
        }),
      ),
    }),
  ),
})

export const InferRequestParameters = Type.Object({
  timeout: Type.Optional(
    Type.Integer({
      ...{ minimum: 0, maximum: 2 ** 53 - 1 },
      description: 'microseconds that the client waits; 0 for no limit of its own',
    }),
  ),
  priority: Type.Optional(
    Type.Integer({
      ...{ minimum: 0, maximum: 2 ** 53 - 1 },
      description: '1 goes first, then requests without priority, then 2 and so on',
    }),
  ),
  binary_data_output: Type.Optional(
    Type.Boolean({ description: 'all outputs as bytes after the JSON' }),
  ),
  unknownCategory: Type.Optional(Type.Enum(['missing', 'error'])),
  unknownColumn: Type.Optional(Type.Enum(['error', 'ignore'])),
})

export const InferRequestBody = Type.Object({
  id: Type.Optional(Type.String({ description: 'is in the answer, too' })),
  parameters: Type.Optional(InferRequestParameters),
  inputs: Type.Array(InferInput, { maxItems: 20_000 }),
  outputs: Type.Optional(
    Type.Array(RequestedInferOutput, {
      maxItems: 20_000,
      description: 'the outputs to return; all by default',
    }),
  ),
})

export const InferHeaders = Type.Object({
  'inference-header-content-length': Type.Optional(
    Type.Integer({
      ...{ minimum: 0, maximum: 2 ** 53 - 1 },
      description:
        'bytes of the JSON, if binary tensors follow it; 0 if the body is an image file, or floats alone',
    }),
  ),
})

export const InferOutput = Type.Object({
  name: Type.String(),
  datatype: TensorDatatype,
  shape: Shape,
  parameters: Type.Optional(Type.Object({ binary_data_size: WholeNumber })),
  data: Type.Optional(
    Type.Array(Type.Unknown(), {
      description: 'values in row-major order; null is NaN or infinite',
    }),
  ),
})

export const InferAnswer = Type.Object({
  model_name: Type.String(),
  model_version: Type.String(),
  id: Type.Optional(Type.String()),
  parameters: Type.Optional(
    Type.Object({ notes: Type.String({ description: 'what was inferred or left out' }) }),
  ),
  outputs: Type.Array(InferOutput),
})

export const TensorMetadata = Type.Object({
  name: Type.String(),
  datatype: TensorDatatype,
  shape: Type.Array(Type.Integer(), { description: '-1 is the number of predictions' }),
})

export const InferModelMetadata = Type.Object({
  name: Type.String(),
  versions: Type.Array(Type.String()),
  platform: Type.Enum(['tensorflow_savedmodel', 'xgboost_ubj']),
  inputs: Type.Array(TensorMetadata),
  outputs: Type.Array(TensorMetadata),
})

export const InferServerMetadata = Type.Object({
  name: Type.String(),
  version: Type.String(),
  extensions: Type.Array(Type.String()),
})

const ConfigTensor = Type.Object({
  name: Type.String(),
  data_type: Type.String(),
  dims: Type.Array(Type.Integer()),
  reshape: Type.Optional(Type.Object({ shape: Type.Array(Type.Integer()) })),
  format: Type.Optional(Type.String()),
  label_filename: Type.Optional(Type.String()),
})

export const InferModelConfig = Type.Object({
  name: Type.String(),
  platform: Type.String(),
  backend: Type.String(),
  version_policy: Type.Object({ latest: Type.Object({ num_versions: Type.Integer() }) }),
  max_batch_size: Type.Integer({ description: 'predictions in one request' }),
  input: Type.Array(ConfigTensor),
  output: Type.Array(ConfigTensor),
  dynamic_batching: Type.Object({}),
})

export const InferTally = Type.Object({
  count: Type.Integer(),
  ns: Type.Integer({ description: 'nanoseconds that they took together' }),
})

const computeTallies = {
  compute_input: InferTally,
  compute_infer: InferTally,
  compute_output: InferTally,
}

export const InferBatchStatistics = Type.Object({
  batch_size: Type.Integer(),
  ...computeTallies,
})

export const InferModelStatistics = Type.Object({
  name: Type.String(),
  version: Type.String(),
  last_inference: Type.Integer({ description: 'milliseconds since 1970; 0 before the first' }),
  inference_count: Type.Integer({ description: 'images and rows' }),
  execution_count: Type.Integer({ description: 'batches that ran' }),
  inference_stats: Type.Object({
    success: InferTally,
    fail: InferTally,
    queue: InferTally,
    ...computeTallies,
    cache_hit: InferTally,
    cache_miss: InferTally,
  }),
  batch_stats: Type.Array(InferBatchStatistics),
})

export const InferStatistics = Type.Object({ model_stats: Type.Array(InferModelStatistics) })

export const RepositoryModel = Type.Object({
  name: Type.String(),
  version: Type.String(),
  state: Type.Enum(['READY', 'UNAVAILABLE']),
  reason: Type.String(),
})

export const RepositoryIndexRequest = Type.Object({
  ready: Type.Optional(Type.Boolean({ description: 'only versions that are ready' })),
})

export const RepositoryLoadRequest = Type.Object({
  parameters: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
})

/** The form of errors in the Open Inference Protocol and in TensorFlow Serving. */
export const ProtocolError = Type.Object({ error: Type.String() })
