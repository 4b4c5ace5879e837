import type { Graph, Tensor } from '../graph/graph.js'
import { fill } from '../graph/ops/constant.js'
import { mul } from '../graph/ops/math.js'
import { type RandomKey, randomTruncatedNormal } from '../graph/ops/random.js'
import { type Shape, sizeOf } from '../graph/shape.js'

/** A variable's first value; the key makes it the same wherever and whenever it is drawn. */
export type Initializer = (graph: Graph, shape: Shape, key: RandomKey) => Tensor

export const zeros: Initializer = (graph, shape) => fill(graph, shape, 0)
export const ones: Initializer = (graph, shape) => fill(graph, shape, 1)

/** A normal distribution cut at two deviations, with a given deviation before the cut. */
export const truncatedNormal =
  (stddev: number): Initializer =>
  (graph, shape, key) =>
    mul(randomTruncatedNormal(graph, shape, key), stddev)

/** What cutting at two deviations leaves of the deviation. */
const truncatedStddev = 0.879_625_661_034_239_78

/** He et al. 2015: keeps the variance through layers with ReLU; filters are [..., in, out]. */
export const heNormal: Initializer = (graph, shape, key) =>
  truncatedNormal(Math.sqrt(2 / sizeOf(shape.slice(0, -1))) / truncatedStddev)(graph, shape, key)
