import { attr } from '../attr.js'
import type { Graph, Node, NodeOptions, Tensor } from '../graph.js'
import { check } from '../graph-error.js'
import { apply, applyEffect, applyMultiOutput, defineEffect, defineOp } from '../op.js'
import { isCompatible } from '../shape.js'
import { type Component, type Dataset, elementAttrs } from './dataset.js'
import { elementResource, nextElement } from './element-resource.js'

/** A position in a dataset. The session keeps it between runs. */
export interface Iterator {
  readonly handle: Tensor
  readonly element: readonly Component[]
}

export const IteratorV2 = elementResource('IteratorV2', element => ({
  ...elementAttrs(element),
  container: attr.string(''),
}))

export const iterator = (graph: Graph, name: string, element: readonly Component[]): Iterator => ({
  handle: apply(IteratorV2, [], { name, element }, { graph, name }),
  element,
})

export const MakeIterator = defineEffect<readonly [dataset: Tensor, iterator: Tensor]>({
  type: 'MakeIterator',
  attrs: () => ({}),
})

/** Starts the iterator at the beginning of the dataset. */
export function startIterator(target: Iterator, dataset: Dataset, options?: NodeOptions): Node {
  check(
    dataset.element.length === target.element.length &&
      dataset.element.every(
        ({ dtype, shape }, i) =>
          dtype === target.element[i]!.dtype && isCompatible(shape, target.element[i]!.shape),
      ),
    `startIterator: the data set's elements are not those of ${target.handle.node.name}`,
  )
  return applyEffect(MakeIterator, [dataset.handle, target.handle], {}, options)
}

export const IteratorGetNext = nextElement('IteratorGetNext', elementAttrs)

/** The components of the next element. The run fails after the last one. */
export const next = ({ handle, element }: Iterator, options?: NodeOptions): readonly Tensor[] =>
  applyMultiOutput(IteratorGetNext, [handle], { element }, options)

export const SerializeIterator = defineOp<readonly [iterator: Tensor]>({
  type: 'SerializeIterator',
  output: 'serialized',
  shape: () => [-1],
  dtype: () => 'variant',
  attrs: () => ({ external_state_policy: attr.int(0) }),
  gradient: null,
})

/** The iterator's state, including shuffle and prefetch buffers, as a tensor for `saveTensors`. */
export const serializeIterator = ({ handle }: Iterator, options?: NodeOptions): Tensor =>
  apply(SerializeIterator, [handle], {}, options)

export const DeserializeIterator = defineEffect<readonly [iterator: Tensor, serialized: Tensor]>({
  type: 'DeserializeIterator',
  attrs: () => ({}),
})

/** Restores the state. Call `startIterator` first, with the same dataset and shuffle seed. */
export const deserializeIterator = (
  { handle }: Iterator,
  serialized: Tensor,
  options?: NodeOptions,
): Node => applyEffect(DeserializeIterator, [handle, serialized], {}, options)
