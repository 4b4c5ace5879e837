import type { Tensor } from '../graph.js'
import { apply, defineOp } from '../op.js'

type UnaryInputs = readonly [features: Tensor]

/** An op that computes a gradient from the incoming gradient and the forward op's output. */
const activationGrad = (type: string) =>
  defineOp<readonly [gradients: Tensor, outputs: Tensor]>({
    type,
    output: 'backprops',
    shape: ([gradients]) => gradients.shape,
    gradient: null,
  })

export const ReluGrad = activationGrad('ReluGrad')
export const EluGrad = activationGrad('EluGrad')

/** The gradient reads the output, so TensorFlow can fuse ReLU with the op before it. */
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

/** max(x, 0). */
export const relu = (x: Tensor): Tensor => apply(Relu, [x], {})
/** x if x > 0, else exp(x) - 1 (Clevert et al. 2015, arXiv:1511.07289). */
export const elu = (x: Tensor): Tensor => apply(Elu, [x], {})
