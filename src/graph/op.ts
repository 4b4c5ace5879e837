import { type Attrs, attr } from './attr.js'
import type { DType } from './dtype.js'
import type { Node, Op, OutputSpec, Placement, Tensor } from './graph.js'
import type { Shape } from './shape.js'

type Inputs = readonly Tensor[]

/** A node as its gradient rule sees it. */
export interface Applied<I extends Inputs, A> {
  readonly inputs: I
  readonly attrs: A
  readonly output: Tensor
  readonly outputs: readonly Tensor[]
}

/** One gradient an input; null where none flows. Broadcasting is undone by the walk, not here. */
type PerInput<I extends Inputs> = { readonly [K in keyof I]: Tensor | null }

interface Common<I extends Inputs, A> {
  readonly type: string
  /** The node's attributes; `T`, the first input's type, where a definition is silent. */
  attrs?(inputs: I, attrs: A): Attrs
}

interface OneOutput<I extends Inputs, A> extends Common<I, A> {
  readonly output: string
  shape(inputs: I, attrs: A): Shape
  /** The first input's type where a definition is silent. */
  dtype?(inputs: I, attrs: A): DType
  readonly gradient: ((dy: Tensor, node: Applied<I, A>) => PerInput<I>) | null
}

interface ManyOutputs<I extends Inputs, A> extends Common<I, A> {
  outputs(inputs: I, attrs: A): readonly OutputSpec[]
  readonly gradient:
    | ((dys: readonly (Tensor | undefined)[], node: Applied<I, A>) => PerInput<I>)
    | null
}

declare const types: unique symbol
export interface OpWith<Kind, I extends Inputs, A> extends Op {
  readonly [types]?: (kind: Kind, inputs: I, attrs: A) => [I, A]
}
type ValueOp<I extends Inputs, A> = OpWith<'value', I, A>
type ListOp<I extends Inputs, A> = OpWith<'list', I, A>
type EffectOp<I extends Inputs, A> = OpWith<'effect', I, A>

export type NoAttrs = Record<string, never>

/** An op with one output. */
export function defineOp<I extends Inputs, A = NoAttrs>(
  definition: OneOutput<I, A>,
): ValueOp<I, A> {
  const { type, output, dtype, gradient } = definition
  return {
    type,
    outputs: (inputs, attrs) => [
      {
        arg: output,
        shape: definition.shape(inputs as I, attrs as A),
        dtype: dtype ? dtype(inputs as I, attrs as A) : inputs[0]!.dtype,
      },
    ],
    attrs: nodeAttrs(definition),
    gradient: gradient && (([dy], node) => gradient(dy!, applied(node))),
  }
}

/** An op with several outputs, or with as many as its attributes say. */
export function defineListOp<I extends Inputs, A = NoAttrs>(
  definition: ManyOutputs<I, A>,
): ListOp<I, A> {
  const { type, gradient } = definition
  return {
    type,
    outputs: (inputs, attrs) => definition.outputs(inputs as I, attrs as A),
    attrs: nodeAttrs(definition),
    gradient: gradient && ((dys, node) => gradient(dys, applied(node))),
  }
}

/** An op without outputs, run for what it does. */
export function defineEffect<I extends Inputs, A = NoAttrs>(
  definition: Common<I, A>,
): EffectOp<I, A> {
  return {
    type: definition.type,
    outputs: () => [],
    attrs: nodeAttrs(definition),
    gradient: null,
  }
}

export function apply<I extends Inputs, A>(
  op: ValueOp<I, A>,
  inputs: NoInfer<I>,
  attrs: NoInfer<A>,
  placement?: Placement,
): Tensor {
  return place(op, inputs, attrs, placement).outputs[0]!
}

export function applyList<I extends Inputs, A>(
  op: ListOp<I, A>,
  inputs: NoInfer<I>,
  attrs: NoInfer<A>,
  placement?: Placement,
): readonly Tensor[] {
  return place(op, inputs, attrs, placement).outputs
}

export function applyEffect<I extends Inputs, A>(
  op: EffectOp<I, A>,
  inputs: NoInfer<I>,
  attrs: NoInfer<A>,
  placement?: Placement,
): Node {
  return place(op, inputs, attrs, placement)
}

function place(op: Op, inputs: Inputs, attrs: unknown, placement: Placement = {}): Node {
  const graph = placement.graph ?? inputs[0]?.node.graph
  if (!graph) throw new Error(`${op.type} has no inputs: say in which graph it belongs`)
  return graph.add(op, inputs, attrs, placement)
}

function nodeAttrs<I extends Inputs, A>(definition: Common<I, A>): Op['attrs'] {
  return (inputs, attrs) =>
    definition.attrs?.(inputs as I, attrs as A) ?? { T: attr.type(inputs[0]!.dtype) }
}

function applied<I extends Inputs, A>(node: Node): Applied<I, A> {
  const { inputs, attrs, outputs } = node
  return { inputs: inputs as I, attrs: attrs as A, output: outputs[0]!, outputs }
}
