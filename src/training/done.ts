import type { Graph, Node, Tensor } from '../graph/graph.js'
import { scalar } from '../graph/ops/constant.js'
import { identity } from '../graph/ops/control.js'

/** The outputs of a signature that is run for what it does. */
export const effect = (graph: Graph, name: string, controlInputs: readonly (Node | Tensor)[]) => ({
  done: identity(scalar(graph, true, 'bool'), { name, controlInputs }),
})
