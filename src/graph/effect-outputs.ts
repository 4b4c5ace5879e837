import type { Graph, Node, Tensor } from './graph.js'
import { scalar } from './ops/constant.js'
import { identity } from './ops/control.js'

/** The outputs of a signature that is run for its side effects: one boolean, `done`. */
export const effectOutputs = (
  graph: Graph,
  name: string,
  controlInputs: readonly (Node | Tensor)[],
) => ({
  done: identity(scalar(graph, true, 'bool'), { name, controlInputs }),
})
