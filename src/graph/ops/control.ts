import type { Graph, Node, NodeOptions, Tensor } from '../graph.js'
import { apply, applyEffect, defineEffect, defineOp } from '../op.js'

export const Identity = defineOp<readonly [x: Tensor]>({
  type: 'Identity',
  output: 'output',
  shape: ([x]) => x.shape,
  gradient: dy => [dy],
})

/** x unchanged. With `controlInputs`, fetching the result runs those effects first. */
export const identity = (x: Tensor, options?: NodeOptions): Tensor =>
  apply(Identity, [x], {}, options)

export const StopGradient = defineOp<readonly [x: Tensor]>({
  type: 'StopGradient',
  output: 'output',
  shape: ([x]) => x.shape,
  gradient: () => [null],
})

export const stopGradient = (x: Tensor): Tensor => apply(StopGradient, [x], {})

export const NoOp = defineEffect<readonly []>({ type: 'NoOp', attrs: () => ({}) })

/** A node that runs all `effects`. */
export const group = (
  graph: Graph,
  effects: readonly (Node | Tensor)[],
  options: NodeOptions = {},
): Node =>
  applyEffect(
    NoOp,
    [],
    {},
    { ...options, graph, controlInputs: [...effects, ...(options.controlInputs ?? [])] },
  )
