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
 * Applies `body` to each row of x [n, ...], in parallel. For ops that take one image at a time,
 * such as decoding. The results must have known shapes.
 */
export function mapRows(
  x: Tensor,
  name: string,
  body: (row: Tensor, ...captures: Tensor[]) => readonly Tensor[],
  captures: readonly Tensor[] = [],
): readonly Tensor[] {
  const [rows, ...shape] = x.shape
  check(rows !== undefined, 'mapRows: a scalar has no rows')
  const args = [{ dtype: x.dtype, shape }, ...captures]
  const rowFunction = defineFunction(x.node.graph, name, args, (row, ...rest) =>
    body(row!, ...rest),
  )
  return applyMultiOutput(MapDefun, [x, ...captures], {
    body: rowFunction.name,
    rows,
    captures: captures.map(({ dtype }) => dtype),
    results: rowFunction.outputs,
  })
}
