// Estimates the memory of a training step from the graph, without running it.
import type { DType } from '../graph/dtype.js'
import type { Graph, Node, Tensor } from '../graph/graph.js'
import { dependenciesOf, isView, memoryOf } from '../graph/readers.js'
import type { SavedModelSpec } from '../graph/saved-model.js'
import { type Shape, sizeOf } from '../graph/shape.js'
import { taskOf } from './devices.js'

export interface StepMemory {
  /** Variables: weights, optimizer slots, moving averages and in-memory records. */
  stateBytes: number
  /** The peak size of a step's tensors: activations, gradients and the batch, on all devices. */
  stepBytes: number
}

/**
 * Counts each tensor from its creation to its last use, with the nodes in order of creation
 * (forward, then backward), which is close to the order in which TensorFlow runs them. What is sent to other tasks
 * counts there, too.
 */
export function stepMemory({ signatures, graph }: SavedModelSpec & { graph: Graph }): StepMemory {
  const handles = graph.nodes.filter(({ op }) => op.type === 'VarHandleOp')
  const variables = handles.map(({ attrs }) => attrs as { dtype: DType; shape: Shape })
  const neededNodes = dependenciesOf(Object.values(signatures.train!.outputs))
  return {
    stateBytes: variables.reduce((sum, { dtype, shape }) => sum + bytesOf(dtype, shape), 0),
    stepBytes: peakBytes(graph.nodes.filter(node => neededNodes.has(node))),
  }
}

function peakBytes(nodes: readonly Node[]): number {
  const lastUse = new Map<Tensor, number>()
  for (const [i, node] of nodes.entries()) {
    for (const input of node.inputs) lastUse.set(memoryOf(input), i)
  }
  const copies = copiesOf(nodes)
  const freedAfter = new Map<number, Tensor[]>()
  for (const [tensor, i] of lastUse) {
    const freed = freedAfter.get(i)
    if (freed) freed.push(tensor)
    else freedAfter.set(i, [tensor])
  }
  const bytesWithCopies = (tensor: Tensor) =>
    allocatedBytes(tensor) + (copies.get(tensor) ?? 0) * bytesOf(tensor.dtype, tensor.shape)
  let [liveBytes, maxBytes] = [0, 0]
  for (const [i, { outputs }] of nodes.entries()) {
    for (const output of outputs) if (lastUse.has(output)) liveBytes += bytesWithCopies(output)
    maxBytes = Math.max(maxBytes, liveBytes)
    for (const freed of freedAfter.get(i) ?? []) liveBytes -= bytesWithCopies(freed)
  }
  return maxBytes
}

/** How many other tasks read a tensor: each is sent a copy, such as of a weight. */
function copiesOf(nodes: readonly Node[]): Map<Tensor, number> {
  const readers = new Map<Tensor, Set<string>>()
  for (const node of nodes) {
    const task = taskOfNode(node)
    for (const input of node.inputs.map(memoryOf)) {
      if (taskOfNode(input.node) === task) continue
      readers.set(input, (readers.get(input) ?? new Set()).add(task))
    }
  }
  return new Map([...readers].map(([tensor, tasks]) => [tensor, tasks.size]))
}

const taskOfNode = ({ device, graph }: Node): string => taskOf(device || graph.home)

function allocatedBytes({ node, dtype, shape }: Tensor): number {
  // reading a variable does not copy it
  return isView(node) || node.op.type === 'ReadVariableOp' ? 0 : bytesOf(dtype, shape)
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
export const bytesOf = (dtype: DType, shape: Shape): number =>
  (bytesPerElement[dtype] ?? 0) * sizeOf(shape.map(extent => Math.max(1, extent)))
