import type { RequestExamples } from './request-examples.js'

const json = (examples: RequestExamples[string]): RequestExamples => ({
  'application/json': examples,
})

const images = {
  name: 'images',
  datatype: 'UINT8',
  shape: [1, 2, 2, 1],
  data: [0, 255, 255, 0],
}

export const inferExamples = json({
  images: {
    summary: 'an image of 2x2 grey pixels, and what is wanted of it',
    value: { inputs: [images], outputs: [{ name: 'probabilities' }] },
  },
  columns: {
    summary: 'two rows of a table, by column',
    value: {
      inputs: [
        { name: 'area', datatype: 'FP32', shape: [2], data: [120, 80] },
        { name: 'zip', datatype: 'BYTES', shape: [2], data: ['8001', '8002'] },
      ],
    },
  },
})

export const repositoryIndexExamples = json({
  ready: { summary: 'without damaged versions', value: { ready: true } },
})

export const repositoryLoadExamples = json({ plain: { summary: 'nothing to say', value: {} } })

export const tfPredictExamples = json({
  rows: {
    summary: 'rows of a table',
    value: { instances: [{ area: 120, rooms: 4, zip: '8001' }] },
  },
  columns: {
    summary: 'the same by column',
    value: { inputs: { area: [120], rooms: [4], zip: ['8001'] } },
  },
  images: {
    summary: 'an image file',
    value: { signature_name: 'serving_files', instances: [{ b64: 'iVBORw0KGgo=' }] },
  },
})

export const tfExamplesExamples = json({
  rows: {
    summary: 'two rows of a table, which share a feature',
    value: { context: { zip: '8001' }, examples: [{ area: 120 }, { area: 80 }] },
  },
})

const tally = { count: 3, ns: 5_200_000 }
const compute = { compute_input: tally, compute_infer: tally, compute_output: tally }

/** Answers of the protocols of other servers, by the name of their schema. */
export const protocolAnswerExamples = {
  InferAnswer: {
    model_name: 'digits',
    model_version: '3',
    outputs: [
      { name: 'probabilities', datatype: 'FP32', shape: [1, 2], data: [0.25, 0.75] },
      { name: 'labels', datatype: 'BYTES', shape: [1], data: ['one'] },
    ],
  },
  InferServerMetadata: {
    name: 'trainyard',
    version: '0.1.0',
    extensions: ['binary_tensor_data', 'classification', 'statistics'],
  },
  InferModelMetadata: {
    name: 'digits',
    versions: ['1', '2', '3'],
    platform: 'tensorflow_savedmodel',
    inputs: [{ name: 'images', datatype: 'FP32', shape: [-1, 28, 28, 1] }],
    outputs: [
      { name: 'logits', datatype: 'FP32', shape: [-1, 2] },
      { name: 'probabilities', datatype: 'FP32', shape: [-1, 2] },
      { name: 'labels', datatype: 'BYTES', shape: [-1] },
    ],
  },
  InferModelConfig: {
    name: 'digits',
    platform: 'tensorflow_savedmodel',
    backend: 'tensorflow',
    version_policy: { latest: { num_versions: 1 } },
    max_batch_size: 256,
    input: [{ name: 'images', data_type: 'TYPE_FP32', dims: [28, 28, 1], format: 'FORMAT_NONE' }],
    output: [{ name: 'probabilities', data_type: 'TYPE_FP32', dims: [2], label_filename: '' }],
    dynamic_batching: {},
  },
  InferStatistics: {
    model_stats: [
      {
        name: 'digits',
        version: '3',
        last_inference: 1_772_452_800_000,
        inference_count: 6,
        execution_count: 3,
        inference_stats: {
          ...{ success: tally, fail: { count: 0, ns: 0 }, queue: tally },
          ...compute,
          ...{ cache_hit: { count: 0, ns: 0 }, cache_miss: { count: 0, ns: 0 } },
        },
        batch_stats: [{ batch_size: 2, ...compute }],
      },
    ],
  },
  TfPredictions: { predictions: [{ logits: [-1.5, 0.5], probabilities: [0.119, 0.881] }] },
  TfClassifications: {
    results: [
      [
        ['zero', 0.119],
        ['one', 0.881],
      ],
    ],
  },
  TfRegressions: { results: [412_000] },
  TfModelList: { models: ['digits', 'houses'] },
  TfModelStatus: {
    model_version_status: [
      { version: '3', state: 'AVAILABLE', status: { error_code: 'OK', error_message: '' } },
    ],
  },
  TfModelMetadata: {
    model_spec: { name: 'digits', signature_name: '', version: '3' },
    metadata: {
      signature_def: {
        signature_def: {
          serving_default: {
            inputs: {
              images: {
                dtype: 'DT_FLOAT',
                tensor_shape: { dim: [{ size: '-1', name: '' }], unknown_rank: false },
                name: 'images:0',
              },
            },
            outputs: {},
            method_name: 'tensorflow/serving/predict',
          },
        },
      },
    },
  },
} as const
