import { type Static, Type } from 'typebox'
import { strictObject } from './strict-object.js'

const decay = (description: string, value: number) =>
  Type.Optional(Type.Number({ minimum: 0, exclusiveMaximum: 1, default: value, description }))
const epsilon = Type.Optional(
  Type.Number({
    exclusiveMinimum: 0,
    maximum: 1,
    default: 1e-7,
    description: 'avoids a division by 0',
  }),
)
const weightDecay = (value: number, description: string) =>
  Type.Optional(Type.Number({ minimum: 0, maximum: 10, default: value, description }))

/** L2 regularization. It applies to convolutions and matrices, not to batch norm or biases. */
const l2WeightDecay = weightDecay(
  0,
  'L2 penalty: each weight, times this, is added to its gradient; not for batch norm and biases',
)
const betas = {
  beta1: decay('decay of the running mean of the gradient', 0.9),
  beta2: decay('decay of the running mean of the squared gradient', 0.999),
}

/** Optimizers by `kind`. */
export const optimizers = {
  sgd: strictObject({
    kind: Type.Enum(['sgd']),
    momentum: decay('decay of the running sum of gradients; 0: plain gradient descent', 0.9),
    nesterov: Type.Optional(Type.Boolean({ default: true, description: 'Nesterov momentum' })),
    weightDecay: l2WeightDecay,
  }),
  adam: strictObject({ kind: Type.Enum(['adam']), ...betas, epsilon, weightDecay: l2WeightDecay }),
  adamw: strictObject({
    kind: Type.Enum(['adamw']),
    ...betas,
    epsilon,
    weightDecay: weightDecay(
      0.01,
      'each step subtracts each weight, times this and the learning rate; not for batch norm and biases',
    ),
  }),
  rmsprop: strictObject({
    kind: Type.Enum(['rmsprop']),
    decay: decay('decay of the running mean of the squared gradient', 0.9),
    momentum: decay('decay of the running sum of updates; 0: none', 0),
    epsilon,
    weightDecay: l2WeightDecay,
  }),
}

export const OptimizerOptions = Type.Union(
  [optimizers.sgd, optimizers.adam, optimizers.adamw, optimizers.rmsprop],
  { default: { kind: 'adam' } },
)
export type OptimizerKind = keyof typeof optimizers
/** The options of one kind, with all defaults filled in. */
export type OptimizerOf<K extends OptimizerKind> = Required<Static<(typeof optimizers)[K]>>
export type OptimizerOptions = { [K in OptimizerKind]: OptimizerOf<K> }[OptimizerKind]
