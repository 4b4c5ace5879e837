import { attr } from '../attr.js'
import type { DType } from '../dtype.js'
import type { Graph, Node, NodeOptions, Tensor } from '../graph.js'
import { check } from '../graph-error.js'
import { apply, applyEffect, defineEffect, defineOp } from '../op.js'
import { formatShape, isCompatible, type Shape } from '../shape.js'

/** A value that the session keeps between runs. */
export interface Variable {
  readonly name: string
  readonly shape: Shape
  readonly dtype: DType
  readonly handle: Tensor
  /**
   * The value at the start of a run. If the run also assigns the variable, it must read this before
   * the assignment, as gradients do; `read(variable, { controlInputs: [assignment] })` reads it later.
   */
  readonly value: Tensor
}

interface VariableAttrs {
  name: string
  dtype: DType
  shape: Shape
}

export const VarHandleOp = defineOp<readonly [], VariableAttrs>({
  type: 'VarHandleOp',
  output: 'resource',
  shape: () => [],
  dtype: () => 'resource',
  attrs: (_, { name, dtype, shape }) => ({
    dtype: attr.type(dtype),
    shape: attr.shape(shape),
    shared_name: attr.string(name),
  }),
  gradient: null,
})

export const ReadVariableOp = defineOp<readonly [handle: Tensor], { dtype: DType; shape: Shape }>({
  type: 'ReadVariableOp',
  output: 'value',
  shape: (_, { shape }) => shape,
  dtype: (_, { dtype }) => dtype,
  attrs: (_, { dtype }) => ({ dtype: attr.type(dtype) }),
  gradient: null,
})

/**
 * Creates a variable. `name` is its name in checkpoints, without the current name scope. It is on the device of a
 * session that TensorFlow takes first, whatever device uses it.
 */
export function variable(
  graph: Graph,
  name: string,
  shape: Shape,
  dtype: DType = 'float32',
): Variable {
  const create = () => {
    const handle = apply(VarHandleOp, [], { name, dtype, shape }, { graph, name })
    check(handle.node.name === name, `variable ${name}: there is a node of that name already`)
    const value = apply(ReadVariableOp, [handle], { dtype, shape }, { name: `${name}/Read` })
    return { name, shape, dtype, handle, value }
  }
  return graph.nameScope(null, () => graph.onDevice('', create))
}

export const read = ({ handle, dtype, shape }: Variable, options?: NodeOptions): Tensor =>
  apply(ReadVariableOp, [handle], { dtype, shape }, options)

type AssignInputs = readonly [handle: Tensor, value: Tensor]

const assignOp = (type: string) =>
  defineEffect<AssignInputs>({
    type,
    attrs: ([, value]) => ({ dtype: attr.type(value.dtype) }),
  })

export const AssignVariableOp = assignOp('AssignVariableOp')
export const AssignAddVariableOp = assignOp('AssignAddVariableOp')
export const AssignSubVariableOp = assignOp('AssignSubVariableOp')

export const assign = (target: Variable, value: Tensor, options?: NodeOptions): Node =>
  applyEffect(AssignVariableOp, assignInputs('assign', target, value), {}, options)

export const assignAdd = (target: Variable, value: Tensor, options?: NodeOptions): Node =>
  applyEffect(AssignAddVariableOp, assignInputs('assignAdd', target, value), {}, options)

export const assignSub = (target: Variable, value: Tensor, options?: NodeOptions): Node =>
  applyEffect(AssignSubVariableOp, assignInputs('assignSub', target, value), {}, options)

function assignInputs(opName: string, target: Variable, value: Tensor): AssignInputs {
  check(
    value.dtype === target.dtype && isCompatible(value.shape, target.shape),
    `${opName}: ${target.name} is ${target.dtype} ${formatShape(target.shape)}, the value ${value.dtype} ${formatShape(value.shape)}`,
  )
  return [target.handle, value]
}
