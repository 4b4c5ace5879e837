import { type Static, Type } from 'typebox'
import { Name, Timestamp } from './identifiers.js'
import { AliasName, VersionNumber } from './model-selector.js'
import { NoteList } from './note.js'
import { nullable } from './nullable.js'
import { NextCursor } from './paging.js'
import { strictObject } from './strict-object.js'

/** From this PSI on, a distribution counts as moved; the usual rule of thumb of credit scoring (Siddiqi 2006). */
export const moderatePsi = 0.1
/** From this PSI on, it counts as another one. */
export const largePsi = 0.25

const counts = Type.Array(Type.Number({ minimum: 0 }))
const missing = Type.Number({ minimum: 0 })

/**
 * A number's bins. `edges` has the smallest and the largest value at its ends, and quantiles between them. Bins:
 * below the smallest, up to and with each further edge, above the largest; so one more than `edges`. A constant has
 * its value twice.
 */
export const NumberBins = Type.Object({
  name: Type.String(),
  /** Position in a row. */
  index: Type.Integer({ minimum: 0 }),
  kind: Type.Literal('number'),
  edges: Type.Array(Type.Number(), { minItems: 2 }),
  counts,
  missing,
})
export type NumberBins = Static<typeof NumberBins>

/** The most frequent categories, and the number of rows with another one. */
export const CategoryBins = Type.Object({
  name: Type.String(),
  index: Type.Integer({ minimum: 0 }),
  kind: Type.Literal('category'),
  codes: Type.Array(Type.Integer({ minimum: 0 })),
  values: Type.Array(Type.String()),
  counts,
  other: Type.Number({ minimum: 0 }),
  missing,
})
export type CategoryBins = Static<typeof CategoryBins>

export const FeatureBins = Type.Union([NumberBins, CategoryBins])
export type FeatureBins = Static<typeof FeatureBins>

const referencePart = {
  part: Type.Enum(['training', 'validation'], { description: 'of the data set of the job' }),
  rows: Type.Integer({ minimum: 0, description: 'images or rows that were counted' }),
  of: Type.Integer({ minimum: 0, description: 'images or rows that the part has' }),
}

const ReferencePart = Type.Object({ ...referencePart, features: Type.Array(FeatureBins) })
export type ReferencePart = Static<typeof ReferencePart>

/** What a version saw when it was trained: `reference.json` in its folder. */
export const Reference = Type.Object({
  format: Type.Literal(1),
  inputs: ReferencePart,
  scores: ReferencePart,
})
export type Reference = Static<typeof Reference>

export const DriftBin = Type.Object({
  name: Type.String({ description: 'a range of numbers, a category, or what else a value may be' }),
  reference: Type.Number({ description: 'rows of the reference in it' }),
  live: Type.Number({ description: 'rows of the predictions in it' }),
})
export type DriftBin = Static<typeof DriftBin>

export const driftStatuses = ['none', 'moderate', 'large', 'not_enough'] as const

const DriftStatus = Type.Enum([...driftStatuses], {
  description: `by the PSI: none below ${moderatePsi}, moderate below ${largePsi}, else large; not_enough: too few rows for a value`,
})

export const FeatureDrift = Type.Object({
  name: Type.String({
    description:
      'a column; of images brightness, contrast, or the mean of a colour; of answers class, probability, value or score',
  }),
  kind: Type.Enum(['number', 'category']),
  status: DriftStatus,
  psi: nullable(Type.Number(), 'population stability index; null if there are too few rows'),
  jensenShannon: nullable(
    Type.Number(),
    'Jensen–Shannon divergence in bits, from 0 (equal) to 1; null if there are too few rows',
  ),
  ks: nullable(
    Type.Number(),
    'Kolmogorov–Smirnov statistic of numbers, at the edges of the bins; null of categories, and if there are too few rows',
  ),
  rowsNeeded: nullable(
    Type.Integer(),
    'rows of predictions from which on there is a value; null if the reference itself has too few',
  ),
  bins: Type.Array(DriftBin),
})
export type FeatureDrift = Static<typeof FeatureDrift>

export const DriftPart = Type.Object({
  reference: Type.Object(referencePart, { description: 'what it is compared with' }),
  status: DriftStatus,
  worst: nullable(
    Type.Object({ name: Type.String(), psi: Type.Number() }),
    'the feature with the largest PSI; null if none has a value',
  ),
  features: Type.Array(FeatureDrift, { description: 'sorted by PSI, largest first' }),
})
export type DriftPart = Static<typeof DriftPart>

const Day = Type.String({
  pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$',
  description: 'a day in UTC, such as 2026-03-31',
})

/** What a version predicts from, and answers, compared with its training. */
export const DriftReport = Type.Object({
  model: Name,
  version: Type.Integer(),
  from: Day,
  to: Day,
  rows: Type.Object({
    predicted: Type.Integer({ description: 'images or rows that were predicted in these days' }),
    counted: Type.Integer({
      description: 'of these, the ones in the histograms: all, unless there are very many',
    }),
  }),
  thresholds: Type.Object({ moderate: Type.Number(), large: Type.Number() }),
  inputs: nullable(DriftPart, 'null if the version has no reference'),
  scores: nullable(DriftPart, 'null if the version has no reference'),
  notes: NoteList,
})
export type DriftReport = Static<typeof DriftReport>

export const DriftQuery = strictObject({
  version: Type.Optional(VersionNumber),
  alias: Type.Optional(AliasName),
  from: Type.Optional({
    ...Day,
    description: 'the first day, in UTC; default: six days before `to`',
  }),
  to: Type.Optional({ ...Day, description: 'the last day, in UTC; default: today' }),
})

/** Largest and default sizes of request samples. */
export const sampleLimits = {
  maxBytes: 10 * 2 ** 30,
  minBytes: 2 ** 20,
  defaultBytes: 100 * 2 ** 20,
  defaultAgeDays: 30,
} as const

const sampleFields = {
  share: Type.Number({
    exclusiveMinimum: 0,
    maximum: 1,
    description: 'of the answered requests, how many are kept',
  }),
  maxBytes: Type.Integer({
    minimum: sampleLimits.minBytes,
    maximum: sampleLimits.maxBytes,
    description: 'of all samples of the model; beyond it the oldest go',
  }),
  maxAgeDays: Type.Integer({ minimum: 1, maximum: 3650, description: 'older samples go' }),
  inputs: Type.Boolean({
    description: 'whether rows and images are kept beside the answers; they may be personal data',
  }),
}

export const SampleSettings = Type.Object(sampleFields)
export type SampleSettings = Static<typeof SampleSettings>

export const WatchSettings = Type.Object({
  samples: nullable(SampleSettings, 'null: no requests are kept'),
})
export type WatchSettings = Static<typeof WatchSettings>

export const WatchRequest = strictObject({
  samples: nullable(
    strictObject({
      share: sampleFields.share,
      maxBytes: Type.Optional(sampleFields.maxBytes),
      maxAgeDays: Type.Optional(sampleFields.maxAgeDays),
      inputs: Type.Optional(sampleFields.inputs),
    }),
    `null keeps none from now on. maxBytes: ${sampleLimits.defaultBytes / 2 ** 20} MiB, maxAgeDays: ${sampleLimits.defaultAgeDays}, inputs: true, unless given`,
  ),
})
export type WatchRequest = Static<typeof WatchRequest>

export const Watch = Type.Object({
  model: Name,
  samples: nullable(SampleSettings, 'null: no requests are kept'),
  stored: Type.Object(
    { files: Type.Integer(), bytes: Type.Integer() },
    { description: 'the samples on the disk, of all server processes' },
  ),
  counts: Type.Object(
    {
      kept: Type.Integer(),
      dropped: Type.Integer({
        description: 'not kept, since the disk was full, failed, or was slower than the requests',
      }),
      removed: Type.Integer({
        description: 'files of samples that went for maxBytes or maxAgeDays',
      }),
    },
    { description: 'of this server process since it started' },
  ),
})
export type Watch = Static<typeof Watch>

const SampledRow = Type.Record(
  Type.String(),
  Type.Union([Type.Number(), Type.String(), Type.Null()]),
)

export const SampledInput = Type.Object({
  rows: Type.Optional(
    Type.Array(SampledRow, {
      description:
        'as the model got them, by column: null is missing, or a category that it does not know',
    }),
  ),
  images: Type.Optional(
    Type.Array(Type.Object({ b64: Type.String() }), { description: 'image files as they came' }),
  ),
  pixels: Type.Optional(
    Type.Object(
      { shape: Type.Array(Type.Integer()), b64: Type.String() },
      { description: 'pixels that came as numbers: float32, little-endian, row-major' },
    ),
  ),
})
export type SampledInput = Static<typeof SampledInput>

/** One request: a line of the files in the data folder. */
export const RequestSample = Type.Object({
  id: Type.String(),
  at: Timestamp,
  model: Name,
  version: Type.Integer(),
  instances: Type.Integer({ description: 'images or rows of the request' }),
  input: nullable(SampledInput, 'null if inputs are not kept, or are too large'),
  inputOmitted: Type.Optional(
    Type.Enum(['off', 'too_large'], { description: 'why there is no input' }),
  ),
  output: Type.Object({
    outputs: Type.Integer({ description: 'values of each image or row' }),
    values: Type.Array(Type.Union([Type.Number(), Type.String()]), {
      description:
        'row-major: probabilities in the order of labels, or values; of two classes by trees, the probability of the second. NaN and infinity are texts',
    }),
  }),
})
export type RequestSample = Static<typeof RequestSample>

export const RequestSamplePage = Type.Object({
  items: Type.Array(RequestSample, { description: 'oldest first' }),
  damagedLines: Type.Integer({ description: 'lines of this page that cannot be read' }),
  nextCursor: NextCursor,
})
export type RequestSamplePage = Static<typeof RequestSamplePage>
