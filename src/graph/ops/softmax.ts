import { attr } from '../attr.js'
import type { OutputSpec, Tensor } from '../graph.js'
import { check } from '../graph-error.js'
import { apply, applyMultiOutput, defineMultiOutputOp, defineOp } from '../op.js'
import { formatShape, isCompatible, rank2 } from '../shape.js'
import { reshape } from './array.js'
import { exp, mul, sub } from './math.js'
import { reduceSum } from './reduce.js'

export const Softmax = defineOp<readonly [logits: Tensor]>({
  type: 'Softmax',
  output: 'softmax',
  shape: ([logits]) => logits.shape,
  gradient: (dy, { output }) => {
    const weighted = reduceSum(mul(dy, output), [-1], { keepDims: true })
    return [mul(sub(dy, weighted), output)]
  },
})

export const LogSoftmax = defineOp<readonly [logits: Tensor]>({
  type: 'LogSoftmax',
  output: 'logsoftmax',
  shape: ([logits]) => logits.shape,
  gradient: (dy, { output }) => [
    sub(dy, mul(exp(output), reduceSum(dy, [-1], { keepDims: true }))),
  ],
})

/** Along the last dimension. */
export const softmax = (logits: Tensor): Tensor => apply(Softmax, [logits], {})
export const logSoftmax = (logits: Tensor): Tensor => apply(LogSoftmax, [logits], {})

type LossInputs = readonly [logits: Tensor, labels: Tensor]

function lossAndBackprop([logits]: LossInputs): OutputSpec[] {
  const [n] = rank2('crossEntropy: the logits', logits.shape)
  return [
    { arg: 'loss', shape: [n], dtype: logits.dtype },
    { arg: 'backprop', shape: logits.shape, dtype: logits.dtype },
  ]
}

/** The op also outputs d(loss)/d(logits), so the gradient rule only scales its rows. */
function scaledBackprop(dys: readonly (Tensor | undefined)[], outputs: readonly Tensor[]): Tensor {
  const [dy, dBackprop] = dys
  check(dy !== undefined && !dBackprop, 'crossEntropy: it can be differentiated only once')
  return mul(reshape(dy, [dy.shape[0]!, 1]), outputs[1]!)
}

export const SoftmaxCrossEntropyWithLogits = defineMultiOutputOp<LossInputs>({
  type: 'SoftmaxCrossEntropyWithLogits',
  outputs: lossAndBackprop,
  gradient: (dys, { outputs }) => [scaledBackprop(dys, outputs), null],
})

export const SparseSoftmaxCrossEntropyWithLogits = defineMultiOutputOp<LossInputs>({
  type: 'SparseSoftmaxCrossEntropyWithLogits',
  outputs: lossAndBackprop,
  attrs: ([logits, labels]) => ({ T: attr.type(logits.dtype), Tlabels: attr.type(labels.dtype) }),
  gradient: (dys, { outputs }) => [scaledBackprop(dys, outputs), null],
})

/** logits [n, classes], probabilities as labels [n, classes] → loss [n]. Labels get no gradient. */
export function softmaxCrossEntropy(logits: Tensor, labels: Tensor): Tensor {
  check(
    isCompatible(logits.shape, labels.shape),
    `softmaxCrossEntropy: logits are ${formatShape(logits.shape)}, labels ${formatShape(labels.shape)}`,
  )
  return applyMultiOutput(SoftmaxCrossEntropyWithLogits, [logits, labels], {})[0]!
}

/** logits [n, classes], class numbers as labels [n] → loss [n]. */
export function sparseSoftmaxCrossEntropy(logits: Tensor, labels: Tensor): Tensor {
  check(
    labels.dtype === 'int32' || labels.dtype === 'int64',
    `sparseSoftmaxCrossEntropy: labels must be int32 or int64, they are ${labels.dtype}`,
  )
  check(
    isCompatible(logits.shape.slice(0, 1), labels.shape),
    `sparseSoftmaxCrossEntropy: logits are ${formatShape(logits.shape)}, labels ${formatShape(labels.shape)}`,
  )
  return applyMultiOutput(SparseSoftmaxCrossEntropyWithLogits, [logits, labels], {})[0]!
}
