// Effects that run only if a condition holds: TensorFlow skips what depends on an output that a Switch did not take,
// until a Merge. Functions for the branches (see conditional.ts) could not have variables.
import { attr } from '../attr.js'
import type { Node, NodeOptions, Tensor } from '../graph.js'
import { check } from '../graph-error.js'
import { applyMultiOutput, defineMultiOutputOp } from '../op.js'
import { identity } from './control.js'

export const Switch = defineMultiOutputOp<readonly [data: Tensor, condition: Tensor]>({
  type: 'Switch',
  outputs: ([{ dtype, shape }]) => [
    { arg: 'output_false', dtype, shape },
    { arg: 'output_true', dtype, shape },
  ],
  gradient: null,
})

export const Merge = defineMultiOutputOp<readonly Tensor[]>({
  type: 'Merge',
  outputs: ([first]) => [
    { arg: 'output', dtype: first!.dtype, shape: first!.shape },
    { arg: 'value_index', dtype: 'int32', shape: [] },
  ],
  attrs: inputs => ({ T: attr.type(inputs[0]!.dtype), N: attr.int(inputs.length) }),
  gradient: null,
})

/** The tensors, for effects that run only if the condition, a bool scalar, is true. `whether` ends the part of them. */
export function onlyIf(condition: Tensor, tensors: readonly Tensor[]): Tensor[] {
  check(condition.dtype === 'bool', `onlyIf: the condition is ${condition.dtype}, not bool`)
  // an effect that only follows a Switch would run in any case: it follows one of its outputs
  return tensors.map(each => identity(applyMultiOutput(Switch, [each, condition], {})[1]!))
}

/** The condition, after all effects ran if it is true, and none of them if it is not. */
export function whether(
  condition: Tensor,
  effects: readonly Node[],
  options?: NodeOptions,
): Tensor {
  const [onFalse, onTrue] = applyMultiOutput(Switch, [condition, condition], {})
  const done = identity(onTrue!, { controlInputs: effects })
  return applyMultiOutput(Merge, [identity(onFalse!), done], {}, options)[0]!
}
