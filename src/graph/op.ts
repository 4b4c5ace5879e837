import { type Attrs, attr } from './attr.js'
import type { DType } from './dtype.js'
import type { Node, NodeOptions, Op, OutputSpec, Tensor } from './graph.js'
import type { Shape } from './shape.js'

type Inputs = readonly Tensor[]

/** A node, as its gradient rule gets it. */
export interface TypedNode<I extends Inputs, A> {
  readonly inputs: I
  readonly attrs: A
  readonly output: Tensor
  readonly outputs: readonly Tensor[]
}

/** One gradient per input, or null. Do not undo broadcasting: autodiff.ts does. */
type InputGradients<I extends Inputs> = { readonly [K in keyof I]: Tensor | null }

interface BaseDefinition<I extends Inputs, A> {
  readonly type: string
  /** The node's attributes. Default: `T`, the first input's type. */
  attrs?(inputs: I, attrs: A): Attrs
}

interface SingleOutputDefinition<I extends Inputs, A> extends BaseDefinition<I, A> {
  readonly output: string
  shape(inputs: I, attrs: A): Shape
  /** The output's type. Default: the first input's type. */
  dtype?(inputs: I, attrs: A): DType
  readonly gradient: ((dy: Tensor, node: TypedNode<I, A>) => InputGradients<I>) | null
}

interface MultiOutputDefinition<I extends Inputs, A> extends BaseDefinition<I, A> {
  outputs(inputs: I, attrs: A): readonly OutputSpec[]
  readonly gradient:
    | ((dys: readonly (Tensor | undefined)[], node: TypedNode<I, A>) => InputGradients<I>)
    | null
}

declare const types: unique symbol
export interface TypedOp<Kind, I extends Inputs, A> extends Op {
  readonly [types]?: (kind: Kind, inputs: I, attrs: A) => [I, A]
}
type SingleOutputOp<I extends Inputs, A> = TypedOp<'value', I, A>
type MultiOutputOp<I extends Inputs, A> = TypedOp<'list', I, A>
type EffectOp<I extends Inputs, A> = TypedOp<'effect', I, A>

export type NoAttrs = Record<string, never>

/** An op with one output. */
export function defineOp<I extends Inputs, A = NoAttrs>(
  definition: SingleOutputDefinition<I, A>,
): SingleOutputOp<I, A> {
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
    gradient: gradient && (([dy], node) => gradient(dy!, typedNode(node))),
  }
}

/** An op with several outputs, or with a number of outputs that depends on its attributes. */
export function defineMultiOutputOp<I extends Inputs, A = NoAttrs>(
  definition: MultiOutputDefinition<I, A>,
): MultiOutputOp<I, A> {
  const { type, gradient } = definition
  return {
    type,
    outputs: (inputs, attrs) => definition.outputs(inputs as I, attrs as A),
    attrs: nodeAttrs(definition),
    gradient: gradient && ((dys, node) => gradient(dys, typedNode(node))),
  }
}

/** An op without outputs, which is run for its side effect. */
export function defineEffect<I extends Inputs, A = NoAttrs>(
  definition: BaseDefinition<I, A>,
): EffectOp<I, A> {
  return {
    type: definition.type,
    outputs: () => [],
    attrs: nodeAttrs(definition),
    gradient: null,
  }
}

export function apply<I extends Inputs, A>(
  op: SingleOutputOp<I, A>,
  inputs: NoInfer<I>,
  attrs: NoInfer<A>,
  options?: NodeOptions,
): Tensor {
  return addNode(op, inputs, attrs, options).outputs[0]!
}

export function applyMultiOutput<I extends Inputs, A>(
  op: MultiOutputOp<I, A>,
  inputs: NoInfer<I>,
  attrs: NoInfer<A>,
  options?: NodeOptions,
): readonly Tensor[] {
  return addNode(op, inputs, attrs, options).outputs
}

export function applyEffect<I extends Inputs, A>(
  op: EffectOp<I, A>,
  inputs: NoInfer<I>,
  attrs: NoInfer<A>,
  options?: NodeOptions,
): Node {
  return addNode(op, inputs, attrs, options)
}

function addNode(op: Op, inputs: Inputs, attrs: unknown, options: NodeOptions = {}): Node {
  const graph = options.graph ?? inputs[0]?.node.graph
  if (!graph) throw new Error(`${op.type} has no inputs: say in which graph it belongs`)
  return graph.add(op, inputs, attrs, options)
}

function nodeAttrs<I extends Inputs, A>(definition: BaseDefinition<I, A>): Op['attrs'] {
  return (inputs, attrs) =>
    definition.attrs?.(inputs as I, attrs as A) ?? { T: attr.type(inputs[0]!.dtype) }
}

function typedNode<I extends Inputs, A>(node: Node): TypedNode<I, A> {
  const { inputs, attrs, outputs } = node
  return { inputs: inputs as I, attrs: attrs as A, output: outputs[0]!, outputs }
}
