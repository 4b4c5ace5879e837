// Requests and answers of TensorFlow Serving's REST API, version 1.
import { Type } from 'typebox'

const signature_name = Type.Optional(
  Type.Enum(['', 'serving_default', 'serving_files'], {
    description: '`serving_files` is of networks: image files',
  }),
)

export const TfPredictRequest = Type.Object({
  signature_name,
  instances: Type.Optional(
    Type.Array(Type.Unknown(), {
      description:
        'rows: images as lists of numbers or as {"b64": …}, or objects by column, or lists in the order of the columns',
    }),
  ),
  inputs: Type.Optional(
    Type.Unknown({
      description:
        'columns, in place of instances: lists of values by the name of the input, or the values of the only input',
    }),
  ),
})

export const TfExamplesRequest = Type.Object({
  signature_name,
  context: Type.Optional(
    Type.Record(Type.String(), Type.Unknown(), { description: 'features of all examples' }),
  ),
  examples: Type.Array(Type.Record(Type.String(), Type.Unknown()), {
    description: 'features by name',
  }),
})

const notes = Type.Optional(
  Type.Array(Type.String(), { description: 'what was inferred or left out' }),
)

export const TfPredictions = Type.Object({
  predictions: Type.Optional(
    Type.Array(Type.Unknown(), {
      description: 'for each instance, its outputs by name, or the value of the only output',
    }),
  ),
  outputs: Type.Optional(
    Type.Unknown({ description: 'for inputs: outputs by name, or the values of the only output' }),
  ),
  notes,
})

export const TfClassifications = Type.Object({
  results: Type.Array(Type.Array(Type.Array(Type.Unknown())), {
    description: 'for each example, pairs of label and probability, in the order of the labels',
  }),
  notes,
})

export const TfRegressions = Type.Object({
  results: Type.Array(Type.Unknown(), { description: 'for each example, its value' }),
  notes,
})

export const TfVersionStatus = Type.Object({
  version: Type.String(),
  state: Type.String(),
  status: Type.Object({ error_code: Type.String(), error_message: Type.String() }),
})

export const TfModelStatus = Type.Object({ model_version_status: Type.Array(TfVersionStatus) })

export const TfModelMetadata = Type.Object({
  model_spec: Type.Object({
    name: Type.String(),
    signature_name: Type.String(),
    version: Type.String(),
  }),
  metadata: Type.Object({
    signature_def: Type.Object({
      signature_def: Type.Record(Type.String(), Type.Unknown(), {
        description: 'signatures by name, with their inputs and outputs',
      }),
    }),
  }),
})

export const TfModelList = Type.Object({ models: Type.Array(Type.String()) })
