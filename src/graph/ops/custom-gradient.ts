import { type Attrs, attr } from '../attr.js'
import type { Tensor } from '../graph.js'
import { applyMultiOutput, defineMultiOutputOp } from '../op.js'

/** One gradient per input, or null. */
type Rule = (dy: Tensor) => readonly (Tensor | null)[]

export const IdentityN = defineMultiOutputOp<readonly Tensor[], { rule: Rule }>({
  type: 'IdentityN',
  outputs: inputs => inputs.map(({ shape, dtype }) => ({ arg: 'output', shape, dtype })),
  attrs: (inputs): Attrs => ({ T: attr.types(inputs.map(({ dtype }) => dtype)) }),
  gradient: ([dy], { attrs: { rule } }) => [null, ...rule(dy!)],
})

/**
 * `y`, whose gradients with respect to `inputs` are those of `rule`, whatever `y` is computed by. As
 * `tf.custom_gradient` does, it lets the inputs and `y` pass through one node, which copies nothing.
 */
export const customGradient = (y: Tensor, inputs: readonly Tensor[], rule: Rule): Tensor =>
  applyMultiOutput(IdentityN, [y, ...inputs], { rule })[0]!
