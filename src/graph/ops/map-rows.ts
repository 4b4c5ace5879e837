import { attr } from '../attr.js'
import type { DType } from '../dtype.js'
import { defineFunction } from '../function.js'
import type { Tensor } from '../graph.js'
import { check } from '../graph-error.js'
import { applyMultiOutput, defineMultiOutputOp } from '../op.js'
import type { Shape } from '../shape.js'

interface MapAttrs {
  body: string
  rows: number
  captures: readonly DType[]
  results: readonly { dtype: DType; shape: Shape }[]
}

export const MapDefun = defineMultiOutputOp<readonly Tensor[], MapAttrs>({
  type: 'MapDefun',
  outputs: (_, { rows, results }) =>
    results.map(({ dtype, shape }) => ({ arg: 'output', dtype, shape: [rows, ...shape] })),
  attrs: (inputs, { body, captures, results }) => ({
    f: attr.func(body),
    Targuments: attr.types(inputs.slice(0, inputs.length - captures.length).map(x => x.dtype)),
    Tcaptured: attr.types(captures),
    output_types: attr.types(results.map(({ dtype }) => dtype)),
    output_shapes: attr.shapes(results.map(({ shape }) => shape)),
  }),
  gradient: null,
})

/**
 * Applies `body` to each row of the inputs [n, ...], in parallel. For ops that take one image at a time,
 * such as decoding. The results must have known shapes.
 */
export function mapRows(
  inputs: readonly Tensor[],
  name: string,
  body: (...rowsAndCaptures: Tensor[]) => readonly Tensor[],
  captures: readonly Tensor[] = [],
): readonly Tensor[] {
  const args = inputs.map(({ dtype, shape: [rows, ...shape] }) => {
    check(rows !== undefined, 'mapRows: a scalar has no rows')
    return { dtype, shape }
  })
  const [first] = inputs
  check(first !== undefined, 'mapRows: no inputs')
  const rowFunction = defineFunction(first.node.graph, name, [...args, ...captures], body)
  return applyMultiOutput(MapDefun, [...inputs, ...captures], {
    body: rowFunction.name,
    rows: first.shape[0]!,
    captures: captures.map(({ dtype }) => dtype),
    results: rowFunction.outputs,
  })
}
