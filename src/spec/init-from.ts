import { type Static, Type } from 'typebox'
import { closed } from './closed.js'
import { JobId, Name } from './identifiers.js'
import { WeightsId } from './weights.js'

/** Where a job's first weights come from; exactly one of model, job and weights. */
export const InitFrom = closed({
  model: Type.Optional(Name),
  version: Type.Optional(
    Type.Integer({ minimum: 1, description: 'of the model; the newest if absent' }),
  ),
  job: Type.Optional(JobId),
  step: Type.Optional(
    Type.Integer({ minimum: 1, description: "of the job's checkpoint; the newest if absent" }),
  ),
  weights: Type.Optional(WeightsId),
})
export type InitFrom = Static<typeof InitFrom>

/** The same with every choice made. */
export const InitSource = Type.Union([
  Type.Object({ model: Name, version: Type.Integer() }),
  Type.Object({ job: JobId, step: Type.Integer() }),
  Type.Object({ weights: WeightsId }),
])
export type InitSource = Static<typeof InitSource>

export const Freeze = Type.Array(Type.String({ minLength: 1, maxLength: 200 }), {
  maxItems: 100,
  description:
    "variables that are not trained, by patterns such as 'resnet/conv_0/*'; * is any text",
})

/** What became of the network's variables when a job began with given weights. */
export const InitReport = Type.Object({
  matched: Type.Array(Type.String()),
  skipped: Type.Array(Type.Object({ name: Type.String(), reason: Type.String() }), {
    description: 'variables that kept fresh values',
  }),
})
export type InitReport = Static<typeof InitReport>
