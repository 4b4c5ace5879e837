import { attr } from '../attr.js'
import type { Graph, Node, Tensor } from '../graph.js'
import { apply, applyEffect, applyMultiOutput, defineEffect } from '../op.js'
import type { Component } from './dataset.js'
import { elementResource, nextElement } from './element-resource.js'

const queueAttrs = (element: readonly Component[]) => ({
  component_types: attr.types(element.map(({ dtype }) => dtype)),
})

export const FIFOQueueV2 = elementResource('FIFOQueueV2', queueAttrs)

/** A queue of any length. All nodes with its name, also those in functions, are the same queue of a session. */
export const queue = (graph: Graph, name: string, element: readonly Component[]): Tensor =>
  apply(FIFOQueueV2, [], { name, element }, { graph })

export const QueueEnqueueV2 = defineEffect<readonly Tensor[]>({
  type: 'QueueEnqueueV2',
  attrs: ([, ...components]) => ({
    Tcomponents: attr.types(components.map(({ dtype }) => dtype)),
  }),
})

/** Appends an element. */
export const enqueue = (handle: Tensor, components: readonly Tensor[]): Node =>
  applyEffect(QueueEnqueueV2, [handle, ...components], {})

export const QueueDequeueV2 = nextElement('QueueDequeueV2', queueAttrs)

/** Waits for the first element and takes it out. The run fails after the queue is closed and empty. */
export const dequeue = (handle: Tensor, element: readonly Component[]): readonly Tensor[] =>
  applyMultiOutput(QueueDequeueV2, [handle], { element })

export const QueueCloseV2 = defineEffect<readonly [handle: Tensor]>({
  type: 'QueueCloseV2',
  attrs: () => ({}),
})

/** Lets a `dequeue` that waits fail, and all later ones. */
export const closeQueue = (handle: Tensor): Node => applyEffect(QueueCloseV2, [handle], {})
