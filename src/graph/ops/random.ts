import { attr } from '../attr.js'
import type { Graph, Tensor } from '../graph.js'
import { check } from '../graph-error.js'
import { apply, defineOp } from '../op.js'
import { describe, isStatic, type Shape } from '../shape.js'
import { stackTensors } from './array.js'
import { constant, scalar } from './constant.js'

/** The same key gives the same numbers, in every process: a seed and what tells this use apart. */
export interface RandomKey {
  readonly seed: Tensor | number
  readonly index: Tensor | number
}

const stateless = (type: string) =>
  defineOp<readonly [dims: Tensor, key: Tensor], { shape: Shape }>({
    type,
    output: 'output',
    shape: (_, { shape }) => shape,
    dtype: () => 'float32',
    attrs: () => ({
      dtype: attr.type('float32'),
      T: attr.type('int32'),
      Tseed: attr.type('int32'),
    }),
    gradient: null,
  })

export const StatelessTruncatedNormal = stateless('StatelessTruncatedNormal')
export const StatelessRandomNormal = stateless('StatelessRandomNormal')
export const StatelessRandomUniform = stateless('StatelessRandomUniform')

/** Standard normal, values beyond two deviations drawn again: its own deviation is 0.8796. */
export const truncatedNormal = (graph: Graph, shape: Shape, key: RandomKey): Tensor =>
  draw(StatelessTruncatedNormal, graph, shape, key)

export const randomNormal = (graph: Graph, shape: Shape, key: RandomKey): Tensor =>
  draw(StatelessRandomNormal, graph, shape, key)

/** From 0 up to, not including, 1. */
export const randomUniform = (graph: Graph, shape: Shape, key: RandomKey): Tensor =>
  draw(StatelessRandomUniform, graph, shape, key)

function draw(
  op: typeof StatelessRandomUniform,
  graph: Graph,
  shape: Shape,
  { seed, index }: RandomKey,
): Tensor {
  check(isStatic(shape), `random numbers need a known shape, not ${describe(shape)}`)
  const key = stackTensors([seed, index].map(part => keyPart(graph, part)))
  return apply(op, [constant(graph, shape, { dtype: 'int32' }), key], { shape })
}

function keyPart(graph: Graph, part: Tensor | number): Tensor {
  if (typeof part === 'number') return scalar(graph, part, 'int32')
  check(
    part.dtype === 'int32' && part.shape.length === 0,
    `a random key's parts are int32 scalars, not ${part.dtype} ${describe(part.shape)}`,
  )
  return part
}
