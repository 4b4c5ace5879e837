import { type Static, Type } from 'typebox'
import { JobId, Name } from './identifiers.js'
import { AliasName } from './model-selector.js'
import { RequestedNormalization } from './normalization.js'
import { strictObject } from './strict-object.js'
import { WeightsId } from './weights.js'

const normalize = Type.Optional(RequestedNormalization)

/** The source of a job's initial weights: exactly one of `model`, `job` and `weights`. */
export const InitFrom = strictObject({
  model: Type.Optional(Name),
  version: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 2 ** 31,
      description:
        'version of the model; if absent, that of the alias `default`, or else the newest',
    }),
  ),
  alias: Type.Optional({ ...AliasName, description: 'the version that this alias names now' }),
  job: Type.Optional(JobId),
  step: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 2 ** 40,
      description: 'step of a checkpoint of the job; if absent, the newest',
    }),
  ),
  weights: Type.Optional(WeightsId),
  normalize,
})
export type InitFrom = Static<typeof InitFrom>

/** The source with the version or step that was chosen when the job was submitted. */
export const InitSource = Type.Union([
  Type.Object({ model: Name, version: Type.Integer(), normalize }),
  Type.Object({ job: JobId, step: Type.Integer(), normalize }),
  Type.Object({ weights: WeightsId, normalize }),
])
export type InitSource = Static<typeof InitSource>

export const Freeze = Type.Array(Type.String({ minLength: 1, maxLength: 200 }), {
  maxItems: 100,
  description:
    "patterns of variables that are not trained, such as 'resnet/conv_0/*'; * matches any text",
})

/** Which variables of the network got their initial values from `initFrom`. */
export const InitReport = Type.Object({
  matched: Type.Array(Type.String(), { description: 'variables with values from initFrom' }),
  skipped: Type.Array(Type.Object({ name: Type.String(), reason: Type.String() }), {
    description: 'variables that kept their random initial values',
  }),
  cast: Type.Optional(
    Type.Array(Type.Object({ name: Type.String(), from: Type.String() }), {
      description:
        'matched variables whose values were of another type, such as float16, and are cast to float32',
    }),
  ),
})
export type InitReport = Static<typeof InitReport>
