import { create } from '@bufbuild/protobuf'
import { attr } from './attr.js'
import { type DType, dataType } from './dtype.js'
import { Graph, type Tensor } from './graph.js'
import { nodeDef } from './graph-def.js'
import { check } from './graph-error.js'
import { apply, defineOp } from './op.js'
import { FunctionDefSchema } from './proto/tensorflow_pb.js'
import type { Shape } from './shape.js'

interface ArgSpec {
  readonly dtype: DType
  readonly shape: Shape
}

export interface GraphFunction {
  readonly name: string
  readonly outputs: readonly ArgSpec[]
}

/** Placeholder for an argument of a function body. It does not become a node of the function. */
const Argument = defineOp<readonly [], ArgSpec>({
  type: 'argument',
  output: 'value',
  shape: (_, { shape }) => shape,
  dtype: (_, { dtype }) => dtype,
  attrs: (_, { dtype }) => ({ T: attr.type(dtype) }),
  gradient: null,
})

/** A function body names a tensor `node:output_arg:index`, and an argument without a suffix. */
const functionTensorName = ({ node, port }: Tensor): string =>
  node.op === Argument ? node.name : `${node.name}:${port}`

/** Traces `body` once and adds it to `graph` as a function that nodes can call. */
export function defineFunction(
  graph: Graph,
  name: string,
  args: readonly ArgSpec[],
  body: (...args: Tensor[]) => readonly Tensor[],
): GraphFunction {
  check(!graph.functions.has(name), `function ${name}: the graph has one of that name already`)
  const bodyGraph = new Graph()
  const inputs = args.map(({ dtype, shape }, i) =>
    apply(Argument, [], { dtype, shape }, { graph: bodyGraph, name: `arg_${i}` }),
  )
  const results = body(...inputs)
  for (const result of results) {
    check(
      result.node.graph === bodyGraph,
      `function ${name}: ${result.node.name} comes from outside; hand it in as an argument`,
    )
  }
  const definition = create(FunctionDefSchema, {
    signature: {
      name,
      inputArg: inputs.map(({ node, dtype }) => ({ name: node.name, type: dataType(dtype) })),
      outputArg: results.map(({ dtype }, i) => ({ name: `result_${i}`, type: dataType(dtype) })),
    },
    nodeDef: bodyGraph.nodes
      .filter(node => node.op !== Argument)
      .map(node => nodeDef(node, functionTensorName)),
    ret: Object.fromEntries(
      results.map((result, i) => [`result_${i}`, functionTensorName(result)]),
    ),
  })
  graph.functions.set(name, definition)
  return { name, outputs: results.map(({ dtype, shape }) => ({ dtype, shape })) }
}
