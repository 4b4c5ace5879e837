import { attr } from '../attr.js'
import { defineFunction, type GraphFunction } from '../function.js'
import type { Graph, Tensor } from '../graph.js'
import { applyMultiOutput, defineMultiOutputOp } from '../op.js'

interface CaseAttrs {
  branches: readonly GraphFunction[]
}

export const StatelessCase = defineMultiOutputOp<readonly Tensor[], CaseAttrs>({
  type: 'StatelessCase',
  outputs: (_, { branches: [first] }) =>
    first!.outputs.map(output => ({ arg: 'output', ...output })),
  attrs: ([, ...inputs], { branches }) => ({
    Tin: attr.types(inputs.map(({ dtype }) => dtype)),
    Tout: attr.types(branches[0]!.outputs.map(({ dtype }) => dtype)),
    branches: attr.funcs(branches.map(({ name }) => name)),
    output_shapes: attr.shapes(branches[0]!.outputs.map(({ shape }) => shape)),
  }),
  gradient: null,
})

/**
 * Calls the function at `index`, an int32 scalar, and computes no other; an index that is too large calls the
 * last one. All have the inputs, and the outputs, of the first. Within a function, the branches belong to the
 * graph that holds it.
 */
export const chooseAll = (
  index: Tensor,
  branches: readonly GraphFunction[],
  inputs: readonly Tensor[],
): readonly Tensor[] => applyMultiOutput(StatelessCase, [index, ...inputs], { branches })

/** The first output of the function that `chooseAll` calls. */
export const choose = (...args: Parameters<typeof chooseAll>): Tensor => chooseAll(...args)[0]!

/** A function with one output, for `choose`. */
export const branch = (
  graph: Graph,
  name: string,
  inputs: Parameters<typeof defineFunction>[2],
  body: (...inputs: Tensor[]) => Tensor,
): GraphFunction => defineFunction(graph, name, inputs, (...args) => [body(...args)])
