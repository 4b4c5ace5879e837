// Batch norm, a sum before or after it, and an activation as ops of our own (native/batch-norm.cc), so only for graphs
// that never leave this server. `stockNormalize` gives the same within rounding.
import { attr } from '../attr.js'
import type { OutputSpec, Tensor } from '../graph.js'
import { check } from '../graph-error.js'
import { applyMultiOutput, defineMultiOutputOp } from '../op.js'
import { formatShape, isCompatible, rank4 } from '../shape.js'
import type { Normalized, Normalizer } from './normalize.js'

interface Attrs {
  readonly activation: 'none' | 'relu' | 'elu'
  readonly add: 'none' | 'before' | 'after'
}

const commonAttrs = (x: Tensor, { activation, add }: Attrs) => ({
  T: attr.type(x.dtype),
  activation: attr.string(activation),
  add: attr.string(add),
  addends: attr.int(add === 'none' ? 0 : 1),
  sums: attr.int(add === 'before' ? 1 : 0),
})

const like = (arg: string, { shape, dtype }: Tensor): OutputSpec => ({ arg, shape, dtype })

export const TrainyardBatchNormGrad = defineMultiOutputOp<readonly Tensor[], Attrs>({
  type: 'TrainyardBatchNormGrad',
  outputs: ([, x, , scale, offset], { add }) => [
    like('dx', x!),
    like('scale_gradient', scale!),
    like('offset_gradient', offset!),
    ...(add === 'after' ? [like('added_gradient', x!)] : []),
  ],
  attrs([, x], attrs) {
    const { addends, ...others } = commonAttrs(x!, attrs)
    // what is added before has the gradient of x
    return { ...others, addends: attrs.add === 'after' ? addends : attr.int(0) }
  },
  gradient: null,
})

export const TrainyardBatchNorm = defineMultiOutputOp<
  readonly Tensor[],
  Attrs & { readonly epsilon: number }
>({
  type: 'TrainyardBatchNorm',
  outputs([x, scale, , added], { add }) {
    const channels = rank4('batchNorm: the input', x!.shape)[3]
    check(
      scale!.shape[0] === channels,
      `batchNorm: input has ${channels} channels, the scale ${formatShape(scale!.shape)}`,
    )
    check(
      !added || isCompatible(added.shape, x!.shape),
      `batchNorm: ${added && formatShape(added.shape)} cannot be added to ${formatShape(x!.shape)}`,
    )
    return [
      like('y', x!),
      ...['batch_mean', 'batch_variance', 'inverse_deviation'].map(arg => like(arg, scale!)),
      ...(add === 'before' ? [like('sum', x!)] : []),
    ]
  },
  attrs: ([x], attrs) => ({ ...commonAttrs(x!, attrs), epsilon: attr.float(attrs.epsilon) }),
  gradient([dy, dMean, dVariance, dDeviation, dSum], { inputs, outputs, attrs }) {
    check(
      dy !== undefined && [dMean, dVariance, dDeviation].every(other => other === undefined),
      'batchNorm: a gradient flows only through its output and its sum',
    )
    const [x, scale, offset] = inputs
    const [y, mean, , inverseDeviation, sum] = outputs
    const { activation } = attrs
    // a sum that nothing else reads is as good as none
    const add = attrs.add === 'before' && !dSum ? 'none' : attrs.add
    const [dx, dScale, dOffset, dAdded] = applyMultiOutput(
      TrainyardBatchNormGrad,
      [
        ...[dy, sum ?? x!, y!, scale!, offset!, mean!, inverseDeviation!],
        ...(add === 'before' ? [dSum!] : []),
      ],
      { activation, add },
    )
    const added = attrs.add === 'none' ? [] : [attrs.add === 'before' ? dx! : dAdded!]
    return [dx!, dScale!, dOffset!, ...added]
  },
})

export const nativeNormalize: Normalizer = (
  x,
  scale,
  offset,
  { epsilon, activation, before, after },
): Normalized => {
  check(!before || !after, 'batchNorm: something is added before or after it, not both')
  const added = before ?? after
  const [output, batchMean, batchVariance, , sum] = applyMultiOutput(
    TrainyardBatchNorm,
    [x, scale, offset, ...(added ? [added] : [])],
    {
      epsilon,
      activation: activation ?? 'none',
      add: before ? 'before' : after ? 'after' : 'none',
    },
  )
  return {
    output: output!,
    sum: sum ?? x,
    batchMean: batchMean!,
    batchVariance: batchVariance!,
  }
}
