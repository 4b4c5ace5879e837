// Weight initializers. A layer takes one as an option:
//   conv2d(x, 'fc6', 4096, 7, { initializer: truncatedNormal(0.01) })
import type { Graph, Tensor } from '../graph/graph.js'
import { fill } from '../graph/ops/constant.js'
import { mul } from '../graph/ops/math.js'
import { type RandomKey, randomTruncatedNormal } from '../graph/ops/random.js'
import { type Shape, sizeOf } from '../graph/shape.js'

/** Returns a variable's initial value. Equal keys give equal values, in every process. */
export type Initializer = (graph: Graph, shape: Shape, key: RandomKey) => Tensor

export const zeros: Initializer = (graph, shape) => fill(graph, shape, 0)
export const ones: Initializer = (graph, shape) => fill(graph, shape, 1)

/**
 * A normal distribution truncated at two standard deviations; `stddev` is the one before
 * truncation.
 */
export const truncatedNormal =
  (stddev: number): Initializer =>
  (graph, shape, key) =>
    mul(randomTruncatedNormal(graph, shape, key), stddev)

/** Standard deviation of a standard normal distribution truncated at two standard deviations. */
const truncatedStddev = 0.879_625_661_034_239_78

/**
 * He et al. 2015 (arXiv:1502.01852), fan-in: keeps the variance of activations through ReLU layers.
 * Filters are [..., in, out].
 */
export const heNormal: Initializer = (graph, shape, key) =>
  truncatedNormal(Math.sqrt(2 / sizeOf(shape.slice(0, -1))) / truncatedStddev)(graph, shape, key)
