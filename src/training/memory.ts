// Estimates the memory of a training step from the graph, without running it.
import type { DType } from '../graph/dtype.js'
import type { Node } from '../graph/graph.js'
import { dependenciesOf, isView, memoryOwner } from '../graph/readers.js'
import { type Shape, sizeOf } from '../graph/shape.js'
import type { Program } from './program.js'

export interface StepMemory {
  /** Variables: weights, optimizer slots, moving averages and in-memory records. */
  stateBytes: number
  /** The peak size of a step's tensors: activations, gradients and the batch. */
  stepBytes: number
}

/**
 * Counts each tensor from its creation to its last use, with the nodes in order of creation
 * (forward, then backward), which is close to the order in which TensorFlow runs them.
 */
export function stepMemory({ signatures, graph }: Program): StepMemory {
  const handles = graph.nodes.filter(({ op }) => op.type === 'VarHandleOp')
  const variables = handles.map(({ attrs }) => attrs as { dtype: DType; shape: Shape })
  const neededNodes = dependenciesOf(Object.values(signatures.train!.outputs))
  return {
    stateBytes: variables.reduce((sum, { dtype, shape }) => sum + bytesOf(dtype, shape), 0),
    stepBytes: peakBytes(graph.nodes.filter(node => neededNodes.has(node))),
  }
}

function peakBytes(nodes: readonly Node[]): number {
  const lastUse = new Map<Node, number>()
  for (const [i, node] of nodes.entries()) {
    for (const input of node.inputs) lastUse.set(memoryOwner(input.node), i)
  }
  const freedAfter = new Map<number, Node[]>()
  for (const [node, i] of lastUse) {
    const freed = freedAfter.get(i)
    if (freed) freed.push(node)
    else freedAfter.set(i, [node])
  }
  let [liveBytes, maxBytes] = [0, 0]
  for (const [i, node] of nodes.entries()) {
    if (lastUse.has(node)) liveBytes += allocatedBytes(node)
    maxBytes = Math.max(maxBytes, liveBytes)
    for (const freed of freedAfter.get(i) ?? []) liveBytes -= allocatedBytes(freed)
  }
  return maxBytes
}

function allocatedBytes(node: Node): number {
  // reading a variable does not copy it
  if (isView(node) || node.op.type === 'ReadVariableOp') return 0
  return node.outputs.reduce((sum, { dtype, shape }) => sum + bytesOf(dtype, shape), 0)
}

const bytesPerElement: Partial<Record<DType, number>> = {
  float32: 4,
  float64: 8,
  bfloat16: 2,
  float16: 2,
  int32: 4,
  int64: 8,
  uint8: 1,
  bool: 1,
}

/** Unknown extents count as 1. */
const bytesOf = (dtype: DType, shape: Shape): number =>
  (bytesPerElement[dtype] ?? 0) * sizeOf(shape.map(extent => Math.max(1, extent)))
