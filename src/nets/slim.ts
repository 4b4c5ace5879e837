// TF-Slim's `repeat` and `stack`, which write several layers as one line.
import type { Tensor } from '../graph/graph.js'

type Layer<A extends unknown[]> = (x: Tensor, name: string, ...args: A) => Tensor

/** `repeat(x, 2, conv2d, 'conv1', 64, 3)` makes the equal layers conv1/conv1_1 and conv1/conv1_2. */
export function repeat<A extends unknown[]>(
  x: Tensor,
  times: number,
  layer: Layer<A>,
  name: string,
  ...args: A
): Tensor {
  return stack(x, layer, name, Array<A>(times).fill(args))
}

/** `stack(x, conv2d, 'core', [[32, 3], [64, 1]])` makes core/core_1 (32, 3), core/core_2 (64, 1). */
export function stack<A extends unknown[]>(
  x: Tensor,
  layer: Layer<A>,
  name: string,
  stackArgs: readonly A[],
): Tensor {
  return stackArgs.reduce((y, args, i) => layer(y, `${name}/${name}_${i + 1}`, ...args), x)
}
