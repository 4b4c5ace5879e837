import { type Static, Type } from 'typebox'
import { Name } from './identifiers.js'
import { RowPredictions } from './model.js'
import { NoteList } from './note.js'
import { nullable } from './nullable.js'
import { strictObject } from './strict-object.js'

/** The methods of networks; trees have `shap`. */
export const imageExplanationMethods = ['gradCam', 'integratedGradients'] as const
export type ImageExplanationMethod = (typeof imageExplanationMethods)[number]
export const explanationMethods = [...imageExplanationMethods, 'shap'] as const
export type ExplanationMethod = (typeof explanationMethods)[number]

/** Images where the path of integrated gradients begins. */
export const baselines = ['black', 'white', 'mean'] as const
export type Baseline = (typeof baselines)[number]

/** The formats of answers, and their media types; the first is the default, for `image/png` the second. */
export const explanationFormats = {
  json: 'application/json',
  heatMap: 'image/png',
  overlay: 'image/png',
} as const
export type ExplanationFormat = keyof typeof explanationFormats
export type Picture = Exclude<ExplanationFormat, 'json'>

export const defaultSteps = 50
export const maxSteps = 500

export const ExplanationOptions = strictObject({
  method: Type.Optional(
    Type.Enum(explanationMethods, {
      description:
        'networks: gradCam (default) or integratedGradients; boosted trees: shap, which is their default',
    }),
  ),
  target: Type.Optional(
    Type.String({
      maxLength: 1000,
      description:
        'the class to explain, by its label or else by its index; of a model of quantiles, the quantile. By default the class that is predicted, and the middle quantile',
    }),
  ),
  layer: Type.Optional(
    Type.String({
      maxLength: 1000,
      description:
        'gradCam only: the layer whose feature map is explained, of `layers` in the answer; by default the last one',
    }),
  ),
  steps: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: maxSteps,
      description: `integratedGradients only: into how many parts the path is divided; ${defaultSteps} by default. More make \`completeness.gap\` smaller`,
    }),
  ),
  baseline: Type.Optional(
    Type.Enum(baselines, {
      description:
        'integratedGradients only: the image where the path begins; `mean` is the mean colour of the training images. `black` by default',
    }),
  ),
  format: Type.Optional(
    Type.Enum(Object.keys(explanationFormats) as ExplanationFormat[], {
      description:
        'overrides the Accept header: JSON, the heat map as PNG, or the heat map over the image as PNG; image/png in Accept means heatMap',
    }),
  ),
})
export type ExplanationOptions = Static<typeof ExplanationOptions>

export const ExplainedClass = Type.Object({
  label: Type.String(),
  index: Type.Integer(),
  logit: Type.Optional(
    Type.Number({ description: 'of networks: the number that is explained, before the softmax' }),
  ),
  probability: Type.Optional(
    Type.Number({ description: 'of quantiles, there is none: the label is the quantile' }),
  ),
})
export type ExplainedClass = Static<typeof ExplainedClass>

const pair = (description: string) =>
  Type.Array(Type.Number(), { minItems: 2, maxItems: 2, description })

export const SourceImage = Type.Object({
  height: Type.Integer({ description: 'of the file, turned as the network sees it' }),
  width: Type.Integer(),
  scale: pair(
    'vertical and horizontal: position in the map = scale × position in the file + offset',
  ),
  offset: pair('vertical and horizontal, in pixels of the map'),
})
export type SourceImage = Static<typeof SourceImage>

export const Completeness = Type.Object({
  sum: Type.Number({ description: 'of the attributions of all pixels' }),
  difference: Type.Number({ description: 'logit of the image − logit of the baseline' }),
  gap: Type.Number({ description: 'sum − difference; 0 if there were infinitely many steps' }),
  relativeGap: nullable(
    Type.Number(),
    '|gap| / |difference|; null if the image and the baseline have the same logit',
  ),
})
export type Completeness = Static<typeof Completeness>

export const HeatMap = Type.Object({
  height: Type.Integer({ description: 'of the input of the network' }),
  width: Type.Integer(),
  scale: Type.Number({
    description:
      'the largest absolute value, by which the map was divided: a value times the scale is in units of the logit. 0 if the whole map is 0',
  }),
  values: Type.Array(Type.Array(Type.Number()), {
    description:
      '[height][width], rounded to six digits; gradCam: 0 to 1. integratedGradients: −1 to 1, summed over the channels of a pixel; negative ones speak against the class',
  }),
})
export type HeatMap = Static<typeof HeatMap>

export const ImageExplanation = Type.Object({
  name: Type.Optional(Type.String({ description: 'the name of the file in a form' })),
  target: ExplainedClass,
  predicted: ExplainedClass,
  source: nullable(
    SourceImage,
    'where the map lies in the file that was sent; null for pixels, which have the size of the map',
  ),
  completeness: Type.Optional(Completeness),
  map: HeatMap,
})
export type ImageExplanation = Static<typeof ImageExplanation>

const answered = {
  model: Type.Optional(Name),
  version: Type.Optional(Type.Integer()),
  job: Type.Optional(
    Type.String({ description: 'of a checkpoint, in place of model and version' }),
  ),
  step: Type.Optional(Type.Integer({ description: 'of the checkpoint' })),
}

export const FeatureMapLayer = Type.Object({
  name: Type.String(),
  height: Type.Integer({
    description: 'of the feature map, before it was brought to the size of the input',
  }),
  width: Type.Integer(),
})
export type FeatureMapLayer = Static<typeof FeatureMapLayer>

export const ImageExplanations = Type.Object({
  ...answered,
  method: Type.Enum(imageExplanationMethods),
  precision: Type.Enum(['fp32'], { description: 'what gradients are computed in' }),
  layer: Type.Optional(FeatureMapLayer),
  layers: Type.Optional(
    Type.Array(Type.String(), {
      description: 'gradCam: what `layer` may name, in order of computation',
    }),
  ),
  steps: Type.Optional(Type.Integer()),
  baseline: Type.Optional(Type.Enum(baselines)),
  rule: Type.Optional(
    Type.Enum(['trapezoid'], {
      description: 'integratedGradients: how the integral is approximated, by steps + 1 gradients',
    }),
  ),
  labels: Type.Array(Type.String()),
  notes: NoteList,
  explanations: Type.Array(ImageExplanation),
})
export type ImageExplanations = Static<typeof ImageExplanations>

export const RowExplanation = Type.Object({
  target: nullable(ExplainedClass, 'null if the model predicts a number'),
  predicted: nullable(ExplainedClass, 'the class; null if the model predicts numbers'),
  value: Type.Optional(Type.Number({ description: 'the number that is predicted' })),
  margin: Type.Number({
    description:
      'what is explained: the sum of the trees, before it is converted; of two classes, the log-odds of the target',
  }),
  bias: Type.Number({ description: 'the expected margin, to which the contributions are added' }),
  contributions: Type.Record(Type.String(), Type.Number(), {
    description: 'by column name; they and the bias add up to the margin',
  }),
})
export type RowExplanation = Static<typeof RowExplanation>

export const RowExplanations = Type.Object({
  ...answered,
  method: Type.Enum(['shap']),
  labels: Type.Optional(Type.Array(Type.String())),
  unknownCategories: RowPredictions.properties.unknownCategories,
  notes: NoteList,
  explanations: Type.Array(RowExplanation),
})
export type RowExplanations = Static<typeof RowExplanations>
