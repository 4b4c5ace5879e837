import type { ImageExplanations, RowExplanations } from '../../spec/explanation.js'
import type { Predictions, RowPredictions } from '../../spec/model.js'
import type { ModelContract } from '../../spec/model-contract.js'
import type { SelectedPredictions } from '../../spec/selected-predictions.js'

const predictions: Predictions = {
  model: 'flowers',
  version: 3,
  labels: ['daisy', 'rose'],
  notes: [
    {
      code: 'images_resized',
      message:
        '1 of 1 images is resized from 480 x 640 to 224 x 224 (height x width), mode fill: what exceeds the shape is cut off on both sides',
    },
  ],
  predictions: [{ label: 'rose', index: 1, probability: 0.97, probabilities: [0.03, 0.97] }],
}

const selectedPredictions: SelectedPredictions = {
  model: 'flowers',
  version: 3,
  notes: [],
  predictions: [
    {
      name: 'garden.jpg',
      label: 'rose',
      index: 1,
      probability: 0.97,
      top: [
        { label: 'rose', index: 1, probability: 0.97 },
        { label: 'daisy', index: 0, probability: 0.03 },
      ],
    },
  ],
}

const modelContract: ModelContract = {
  kind: 'images',
  model: 'flowers',
  version: 3,
  inputs: [{ name: 'images', dtype: 'float32', shape: [-1, 224, 224, 3] }],
  outputs: [
    { name: 'probabilities', dtype: 'float32', shape: [-1, 2] },
    { name: 'logits', dtype: 'float32', shape: [-1, 2] },
  ],
  labels: ['daisy', 'rose'],
  preprocessing: {
    resize: 'fill',
    antialias: true,
    orientation: 'exif',
    height: 224,
    width: 224,
    channels: 3,
    range: [0, 255],
    formats: ['PNG', 'JPEG', 'WebP', 'GIF (its first frame)', 'BMP'],
  },
  normalization: { mean: [120, 115, 104], std: [58, 57, 58] },
  accepts: ['application/json', 'image/png', 'image/jpeg'],
  answers: ['application/json', 'text/csv', 'application/vnd.apache.arrow.stream'],
  limits: { instances: 256, files: 111, textBytes: 8_388_608, binaryBytes: 33_554_432 },
  example: {
    contentType: 'application/json',
    body: {
      instances: [
        {
          b64: 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR42mNoAAAAggCB2kUIOwAAAABJRU5ErkJggg==',
        },
      ],
    },
  },
}

const rowPredictions: RowPredictions = {
  model: 'houses-boosting',
  version: 1,
  unknownCategories: {},
  notes: [],
  predictions: [{ value: 1.87 }],
}

const imageExplanations: ImageExplanations = {
  model: 'flowers',
  version: 3,
  method: 'integratedGradients',
  precision: 'fp32',
  steps: 50,
  baseline: 'black',
  rule: 'trapezoid',
  labels: ['daisy', 'rose'],
  notes: [],
  explanations: [
    {
      target: { label: 'rose', index: 1, logit: 4.2, probability: 0.97 },
      predicted: { label: 'rose', index: 1, logit: 4.2, probability: 0.97 },
      source: { height: 4, width: 8, scale: [0.5, 0.5], offset: [0, -1] },
      completeness: { sum: 5.02, difference: 5, gap: 0.02, relativeGap: 0.004 },
      map: {
        height: 2,
        width: 2,
        scale: 2.9,
        values: [
          [1, -0.12],
          [0.31, 0.541034],
        ],
      },
    },
  ],
}

const rowExplanations: RowExplanations = {
  model: 'houses-boosting',
  version: 1,
  method: 'shap',
  unknownCategories: {},
  notes: [],
  explanations: [
    {
      target: null,
      predicted: null,
      value: 1.87,
      margin: 1.87,
      bias: 1.5,
      contributions: { area: 0.5, rooms: -0.13 },
    },
  ],
}

/** Examples of answers, by the name of their schema in the document. */
export const predictionAnswerExamples: Readonly<Record<string, object>> = {
  Predictions: predictions,
  RowPredictions: rowPredictions,
  SelectedPredictions: selectedPredictions,
  ModelContract: modelContract,
  ImageExplanations: imageExplanations,
  RowExplanations: rowExplanations,
}
