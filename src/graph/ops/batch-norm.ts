// Batch normalization (Ioffe & Szegedy 2015, arXiv:1502.03167) as TensorFlow's fused kernel.
import { attr } from '../attr.js'
import type { OutputSpec, Tensor } from '../graph.js'
import { check } from '../graph-error.js'
import { applyMultiOutput, defineMultiOutputOp } from '../op.js'
import { rank4, sameShape } from '../shape.js'
import { constant } from './constant.js'

interface NormAttrs {
  epsilon: number
  training: boolean
}
type NormInputs = readonly [
  x: Tensor,
  scale: Tensor,
  offset: Tensor,
  mean: Tensor,
  variance: Tensor,
]

const nodeAttrs = (x: Tensor, { epsilon, training }: NormAttrs) => ({
  T: attr.type(x.dtype),
  U: attr.type('float32'),
  epsilon: attr.float(epsilon),
  is_training: attr.bool(training),
})

const vectorSpec = (arg: string, size: number): OutputSpec => ({
  arg,
  shape: [size],
  dtype: 'float32',
})

export const FusedBatchNormGradV3 = defineMultiOutputOp<readonly Tensor[], NormAttrs>({
  type: 'FusedBatchNormGradV3',
  outputs: ([, x, scale]) => [
    { arg: 'x_backprop', shape: x!.shape, dtype: x!.dtype },
    vectorSpec('scale_backprop', scale!.shape[0]!),
    vectorSpec('offset_backprop', scale!.shape[0]!),
    vectorSpec('reserve_space_4', 0),
    vectorSpec('reserve_space_5', 0),
  ],
  attrs: ([, x], attrs) => nodeAttrs(x!, attrs),
  gradient: null,
})

export const FusedBatchNormV3 = defineMultiOutputOp<NormInputs, NormAttrs>({
  type: 'FusedBatchNormV3',
  outputs([x, scale, offset]) {
    const channels = rank4('batchNorm: the input', x.shape)[3]
    for (const [what, { shape }] of Object.entries({ scale, offset })) {
      check(
        sameShape(shape, [channels]),
        `batchNorm: input has ${channels} channels, the ${what} ${shape.join(' x ')}`,
      )
    }
    return [
      { arg: 'y', shape: x.shape, dtype: x.dtype },
      vectorSpec('batch_mean', channels),
      vectorSpec('batch_variance', channels),
      vectorSpec('reserve_space_1', channels),
      vectorSpec('reserve_space_2', channels),
      vectorSpec('reserve_space_3', channels),
    ]
  },
  attrs: ([x], attrs) => nodeAttrs(x, attrs),
  gradient([dy, ...others], { inputs: [x, scale, , mean, variance], outputs, attrs }) {
    check(
      dy !== undefined && others.every(other => other === undefined),
      'batchNorm: no gradient flows through the batch mean and variance',
    )
    // in training, the reserve spaces hold the batch's statistics; in inference they are inputs
    const statistics = attrs.training ? [outputs[3]!, outputs[4]!] : [mean, variance]
    const [dx, dScale, dOffset] = applyMultiOutput(
      FusedBatchNormGradV3,
      [dy, x, scale, ...statistics, outputs[5]!],
      attrs,
    )
    return [dx!, dScale!, dOffset!, null, null]
  },
})

export interface BatchNormOutputs {
  output: Tensor
  batchMean: Tensor
  /** With Bessel's correction, for moving averages. The output is normalized without it. */
  batchVariance: Tensor
}

/** x [n, h, w, channels], normalized by the batch's statistics; scale and offset [channels]. */
export function batchNormTraining(
  x: Tensor,
  scale: Tensor,
  offset: Tensor,
  epsilon: number,
): BatchNormOutputs {
  const empty = constant(x.node.graph, [])
  const [output, batchMean, batchVariance] = applyMultiOutput(
    FusedBatchNormV3,
    [x, scale, offset, empty, empty],
    { epsilon, training: true },
  )
  return { output: output!, batchMean: batchMean!, batchVariance: batchVariance! }
}

/** x [n, h, w, channels], normalized by the given mean and variance [channels]. */
export function batchNormInference(
  x: Tensor,
  scale: Tensor,
  offset: Tensor,
  mean: Tensor,
  variance: Tensor,
  epsilon: number,
): Tensor {
  const inputs = [x, scale, offset, mean, variance] as const
  return applyMultiOutput(FusedBatchNormV3, inputs, { epsilon, training: false })[0]!
}
