import { type Static, Type } from 'typebox'
import { closed } from './closed.js'

const decay = (description: string, value: number) =>
  Type.Optional(Type.Number({ minimum: 0, exclusiveMaximum: 1, default: value, description }))
const epsilon = Type.Optional(
  Type.Number({ exclusiveMinimum: 0, maximum: 1, default: 1e-7, description: 'keeps from 0' }),
)
const weightDecay = (value: number, description: string) =>
  Type.Optional(Type.Number({ minimum: 0, maximum: 10, default: value, description }))

/** L2: a part of the gradient. Convolutions and matrices only, never batch norm or biases. */
const coupled = weightDecay(0, 'share of each weight that is added to its gradient')
const betas = {
  beta1: decay("of the gradient's running mean", 0.9),
  beta2: decay("of the gradient's running mean square", 0.999),
}

/** By `kind`, with their own defaults. */
export const optimizers = {
  sgd: closed({
    kind: Type.Enum(['sgd']),
    momentum: decay('of the running sum of gradients; 0 for none', 0.9),
    nesterov: Type.Optional(Type.Boolean({ default: true, description: 'look ahead' })),
    weightDecay: coupled,
  }),
  adam: closed({ kind: Type.Enum(['adam']), ...betas, epsilon, weightDecay: coupled }),
  adamw: closed({
    kind: Type.Enum(['adamw']),
    ...betas,
    epsilon,
    weightDecay: weightDecay(0.01, 'share of each weight, times the rate, that a step takes off'),
  }),
  rmsprop: closed({
    kind: Type.Enum(['rmsprop']),
    decay: decay("of the gradient's running mean square", 0.9),
    momentum: decay('of the running sum of updates; 0 for none', 0),
    epsilon,
    weightDecay: coupled,
  }),
}

export const OptimizerOptions = Type.Union(
  [optimizers.sgd, optimizers.adam, optimizers.adamw, optimizers.rmsprop],
  { default: { kind: 'adam' } },
)
export type OptimizerKind = keyof typeof optimizers
/** One kind's choices, all made. */
export type OptimizerOf<K extends OptimizerKind> = Required<Static<(typeof optimizers)[K]>>
export type OptimizerOptions = { [K in OptimizerKind]: OptimizerOf<K> }[OptimizerKind]
