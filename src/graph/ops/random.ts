import { attr } from '../attr.js'
import type { Graph, Tensor } from '../graph.js'
import { check } from '../graph-error.js'
import { apply, defineOp } from '../op.js'
import { formatShape, isStatic, type Shape } from '../shape.js'
import { stackTensors } from './array.js'
import { constant, scalar } from './constant.js'

/** A seed, and an index for each use of it, int32. Equal keys give equal numbers everywhere. */
export interface RandomKey {
  readonly seed: Tensor | number
  readonly index: Tensor | number
}

const statelessRandomOp = <I extends readonly Tensor[] = readonly [dims: Tensor, key: Tensor]>(
  type: string,
) =>
  defineOp<I, { shape: Shape }>({
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

export const StatelessTruncatedNormal = statelessRandomOp('StatelessTruncatedNormal')
export const StatelessRandomUniform = statelessRandomOp('StatelessRandomUniform')

/** Standard normal, truncated at two standard deviations; its standard deviation is 0.8796. */
export const randomTruncatedNormal = (graph: Graph, shape: Shape, key: RandomKey): Tensor =>
  sampleRandom(StatelessTruncatedNormal, graph, shape, key)

/** Uniform in [0, 1). */
export const randomUniform = (graph: Graph, shape: Shape, key: RandomKey): Tensor =>
  sampleRandom(StatelessRandomUniform, graph, shape, key)

type GammaInputs = readonly [dims: Tensor, key: Tensor, alpha: Tensor]

export const StatelessRandomGammaV2 = statelessRandomOp<GammaInputs>('StatelessRandomGammaV2')

/** The gamma distribution with shape parameter `alpha` and scale 1. */
export const randomGamma = (graph: Graph, shape: Shape, alpha: number, key: RandomKey): Tensor =>
  apply(StatelessRandomGammaV2, [...dimsAndKey(graph, shape, key), scalar(graph, alpha)], { shape })

const sampleRandom = (
  op: typeof StatelessRandomUniform,
  graph: Graph,
  shape: Shape,
  key: RandomKey,
): Tensor => apply(op, dimsAndKey(graph, shape, key), { shape })

function dimsAndKey(graph: Graph, shape: Shape, { seed, index }: RandomKey) {
  check(isStatic(shape), `random numbers need a known shape, not ${formatShape(shape)}`)
  const key = stackTensors([seed, index].map(part => keyPart(graph, part)))
  return [constant(graph, shape, { dtype: 'int32' }), key] as const
}

function keyPart(graph: Graph, part: Tensor | number): Tensor {
  if (typeof part === 'number') return scalar(graph, part, 'int32')
  check(
    part.dtype === 'int32' && part.shape.length === 0,
    `a random key's parts are int32 scalars, not ${part.dtype} ${formatShape(part.shape)}`,
  )
  return part
}
