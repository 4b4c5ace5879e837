// TF-Slim's two ways to write many layers as one line.
import type { Tensor } from '../graph/graph.js'

type Layer<A extends unknown[]> = (x: Tensor, name: string, ...args: A) => Tensor

/** `repeat(x, 2, conv2d, 'conv1', 64, 3)` is conv1/conv1_1, then conv1/conv1_2. */
export function repeat<A extends unknown[]>(
  x: Tensor,
  times: number,
  layer: Layer<A>,
  name: string,
  ...args: A
): Tensor {
  return stack(x, layer, name, Array<A>(times).fill(args))
}

/** `stack(x, conv2d, 'core', [[32, 3], [64, 1]])` is core/core_1 with 32, 3, then core/core_2. */
export function stack<A extends unknown[]>(
  x: Tensor,
  layer: Layer<A>,
  name: string,
  stackArgs: readonly A[],
): Tensor {
  return stackArgs.reduce((y, args, i) => layer(y, `${name}/${name}_${i + 1}`, ...args), x)
}
