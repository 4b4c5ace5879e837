// Chooses the activations that a training step keeps for its backward pass, if it is to need little memory (Chen et
// al. 2016, arXiv:1604.06174). What is not kept is computed again from what is.
import type { Node, Tensor } from '../graph/graph.js'
import { dependenciesOf, isView, memoryOf } from '../graph/readers.js'
import type { SavedModelSpec } from '../graph/saved-model.js'
import { sizeOf } from '../graph/shape.js'
import { bytesOf } from './memory.js'

/**
 * The share of the forward pass that may be computed again. A backward pass takes about twice as long as a forward
 * pass, so that a step takes a fifth longer.
 */
const maxShare = 0.6
/** Speeds of two cores with AVX-512; only their ratio matters. */
const flopsPerSecond = { float32: 150e9, half: 400e9 }
const bytesPerSecond = 10e9
/** Smaller tensors are kept: they cost a node in the graph and save next to nothing. */
const minBytes = 4096

export interface Step extends SavedModelSpec {
  /** The nodes of a training step through which the loss depends on the weights. */
  readonly forward: readonly Node[]
}

/** An activation that the backward pass reads. */
interface Saved {
  readonly node: Node
  readonly bytes: number
  /** What computing it again takes, from other saved activations: seconds of the model above. */
  readonly cost: number
  /** The saved activations that it is computed from. */
  readonly sources: readonly Node[]
}

/** The names of the nodes whose outputs a step keeps. */
export function activationsToKeep(step: Step): Set<string> {
  const saved = savedActivations(step)
  const budget = maxShare * step.forward.reduce((sum, node) => sum + costOf(node), 0)
  const total = sumOf([...saved.values()])
  // Activations that are computed from each other again are in memory at the same time. With small chains, many
  // activations must be kept between them; with large ones, a chain needs as much as it saves.
  const choices = [4, 8, 16, 32, 64, 128].map(parts => drop(saved, budget, total / parts))
  const { dropped } = choices.reduce((best, choice) => (choice.bytes < best.bytes ? choice : best))
  return new Set([...saved.keys()].filter(node => !dropped.has(node)).map(({ name }) => name))
}

function savedActivations({ forward, signatures }: Step): Map<Node, Saved> {
  const between = new Set(forward)
  const step = dependenciesOf(Object.values(signatures.train!.outputs))
  const forwardPass = dependenciesOf(forward.at(-1)!.outputs)
  const readAgain = new Set<Tensor>()
  for (const node of step) {
    if (forwardPass.has(node) || isView(node)) continue
    for (const input of node.inputs) readAgain.add(memoryOf(input))
  }
  const bytes = new Map<Node, number>()
  for (const { node, shape, dtype } of readAgain) {
    const size = bytesOf(dtype, shape)
    if (between.has(node)) bytes.set(node, (bytes.get(node) ?? 0) + size)
  }
  const saved = new Map<Node, Saved>()
  for (const node of forward.filter(node => bytes.has(node))) {
    saved.set(node, { node, bytes: bytes.get(node)!, ...origin(node) })
  }
  return saved

  /** What a node is computed from, if saved activations are kept. */
  function origin(node: Node): Pick<Saved, 'cost' | 'sources'> {
    const sources = new Set<Node>()
    const computed = new Set<Node>([node])
    for (const { inputs } of computed) {
      for (const { node: source } of inputs) {
        if (bytes.has(source)) sources.add(source)
        else if (between.has(source)) computed.add(source)
      }
    }
    return {
      cost: [...computed].reduce((sum, each) => sum + costOf(each), 0),
      sources: [...sources],
    }
  }
}

/** Drops the activations that free the most bytes per second, in chains of at most `maxChain` bytes. */
function drop(saved: ReadonlyMap<Node, Saved>, budget: number, maxChain: number) {
  const readers = new Map<Node, Saved[]>()
  for (const each of saved.values()) {
    for (const source of each.sources) readers.set(source, [...(readers.get(source) ?? []), each])
  }
  const chains = new Map<Node, Set<Saved>>()
  let left = budget
  const byGain = [...saved.values()]
    .filter(({ bytes }) => bytes >= minBytes)
    .sort((a, b) => b.bytes / b.cost - a.bytes / a.cost)
  for (const candidate of byGain) {
    const neighbours = [...candidate.sources, ...(readers.get(candidate.node) ?? []).map(nodeOf)]
    const touched = new Set(neighbours.map(node => chains.get(node)).filter(chain => !!chain))
    const chain = new Set([candidate, ...[...touched].flatMap(other => [...other])])
    if (candidate.cost > left || sumOf([...chain]) > maxChain) continue
    left -= candidate.cost
    for (const { node } of chain) chains.set(node, chain)
  }
  const kept = [...saved.values()].filter(({ node }) => !chains.has(node))
  const largest = Math.max(0, ...[...new Set(chains.values())].map(chain => sumOf([...chain])))
  return { dropped: chains, bytes: sumOf(kept) + largest }
}

const nodeOf = ({ node }: Saved): Node => node

const sumOf = (saved: readonly Saved[]): number => saved.reduce((sum, { bytes }) => sum + bytes, 0)

/** The seconds that a node of a forward pass takes, by its sums or by the memory that it reads and writes. */
function costOf(node: Node): number {
  if (isView(node)) return 0
  const tensors = [...node.inputs, ...node.outputs]
  const bytes = tensors.reduce((sum, { dtype, shape }) => sum + bytesOf(dtype, shape), 0)
  const speed = node.inputs[0]?.dtype === 'float32' ? flopsPerSecond.float32 : flopsPerSecond.half
  return bytes / bytesPerSecond + flopsOf(node) / speed
}

/** Sums and products of a convolution or a matrix product; 0 for others. */
function flopsOf({ op, inputs, outputs }: Node): number {
  if (op.type !== 'Conv2D' && op.type !== 'MatMul') return 0
  const [, filter] = inputs
  const [output] = outputs
  return (2 * sizeOf(output!.shape) * sizeOf(filter!.shape)) / filter!.shape.at(-1)!
}
