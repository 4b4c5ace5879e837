import { type Attrs, attr } from '../attr.js'
import type { Tensor } from '../graph.js'
import { defineMultiOutputOp, defineOp } from '../op.js'
import type { Component } from './dataset.js'

interface ElementAttrs {
  element: readonly Component[]
}

type AttrsOf = (element: readonly Component[]) => Attrs

/** An op that gives the handle of a resource that holds elements. A session shares it by its name. */
export const elementResource = (type: string, attrs: AttrsOf) =>
  defineOp<readonly [], ElementAttrs & { name: string }>({
    type,
    output: 'handle',
    shape: () => [],
    dtype: () => 'resource',
    attrs: (_, { name, element }) => ({ ...attrs(element), shared_name: attr.string(name) }),
    gradient: null,
  })

/** An op that takes the next element out of such a resource. */
export const nextElement = (type: string, attrs: AttrsOf) =>
  defineMultiOutputOp<readonly [handle: Tensor], ElementAttrs>({
    type,
    outputs: (_, { element }) => element.map(component => ({ arg: 'components', ...component })),
    attrs: (_, { element }) => attrs(element),
    gradient: null,
  })
