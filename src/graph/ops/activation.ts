import type { Tensor } from '../graph.js'
import { apply, defineOp } from '../op.js'

type UnaryInputs = readonly [features: Tensor]

/** A backprop op: what flows in, and what the forward op put out. */
const activationGrad = (type: string) =>
  defineOp<readonly [gradients: Tensor, outputs: Tensor]>({
    type,
    output: 'backprops',
    shape: ([gradients]) => gradients.shape,
    gradient: null,
  })

export const ReluGrad = activationGrad('ReluGrad')
export const EluGrad = activationGrad('EluGrad')

/** Its gradient reads the output, not the input: then TensorFlow can fuse it with what is before. */
export const Relu = defineOp<UnaryInputs>({
  type: 'Relu',
  output: 'activations',
  shape: ([x]) => x.shape,
  gradient: (dy, { output }) => [apply(ReluGrad, [dy, output], {})],
})

export const Elu = defineOp<UnaryInputs>({
  type: 'Elu',
  output: 'activations',
  shape: ([x]) => x.shape,
  gradient: (dy, { output }) => [apply(EluGrad, [dy, output], {})],
})

export const relu = (x: Tensor): Tensor => apply(Relu, [x], {})
export const elu = (x: Tensor): Tensor => apply(Elu, [x], {})
