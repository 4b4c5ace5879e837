import type { Graph, Tensor } from '../graph/graph.js'
import { fill } from '../graph/ops/constant.js'
import { mul } from '../graph/ops/math.js'
import { type RandomKey, truncatedNormal } from '../graph/ops/random.js'
import { type Shape, sizeOf } from '../graph/shape.js'

/** A variable's first value; the key makes it the same wherever and whenever it is drawn. */
export type Initial = (graph: Graph, shape: Shape, key: RandomKey) => Tensor

export const zeros: Initial = (graph, shape) => fill(graph, shape, 0)
export const ones: Initial = (graph, shape) => fill(graph, shape, 1)

/** A normal distribution cut at two deviations, with a given deviation before the cut. */
export const normal =
  (deviation: number): Initial =>
  (graph, shape, key) =>
    mul(truncatedNormal(graph, shape, key), deviation)

/** What cutting at two deviations leaves of the deviation. */
const afterCut = 0.879_625_661_034_239_78

/** He et al. 2015: keeps the variance through layers with ReLU; filters are [..., in, out]. */
export const he: Initial = (graph, shape, key) =>
  normal(Math.sqrt(2 / sizeOf(shape.slice(0, -1))) / afterCut)(graph, shape, key)
