import { attr } from '../attr.js'
import type { DType } from '../dtype.js'
import type { Node, Placement, Tensor } from '../graph.js'
import { check } from '../graph-error.js'
import { applyEffect, applyList, defineEffect, defineListOp } from '../op.js'
import type { Shape } from '../shape.js'
import { constant } from './constant.js'

export const SaveV2 = defineEffect<readonly Tensor[]>({
  type: 'SaveV2',
  attrs: inputs => ({ dtypes: attr.types(inputs.slice(3).map(input => input.dtype)) }),
})

export interface Entry {
  readonly name: string
  readonly dtype: DType
  readonly shape: Shape
}

type RestoreInputs = readonly [prefix: Tensor, names: Tensor, slices: Tensor]

export const RestoreV2 = defineListOp<RestoreInputs, { entries: readonly Entry[] }>({
  type: 'RestoreV2',
  outputs: (_, { entries }) =>
    entries.map(({ dtype, shape }) => ({ arg: 'tensors', dtype, shape })),
  attrs: (_, { entries }) => ({ dtypes: attr.types(entries.map(({ dtype }) => dtype)) }),
  gradient: null,
})

/** Writes `<prefix>.index` and `<prefix>.data-00000-of-00001`, the files of a TensorFlow Saver. */
export function saveTensors(
  prefix: Tensor,
  tensors: Readonly<Record<string, Tensor>>,
  placement?: Placement,
): Node {
  const heads = heading('saveTensors', prefix, Object.keys(tensors))
  return applyEffect(SaveV2, [...heads, ...Object.values(tensors)], {}, placement)
}

/** The tensors in the order of the entries; one that the files lack fails the run by its name. */
export function restoreTensors(
  prefix: Tensor,
  entries: readonly Entry[],
  placement?: Placement,
): readonly Tensor[] {
  const names = entries.map(({ name }) => name)
  return applyList(RestoreV2, heading('restoreTensors', prefix, names), { entries }, placement)
}

function heading(what: string, prefix: Tensor, names: readonly string[]): RestoreInputs {
  check(names.length > 0, `${what}: there is nothing to do`)
  check(
    prefix.dtype === 'string' && prefix.shape.length === 0,
    `${what}: the prefix must be a scalar string`,
  )
  const { graph } = prefix.node
  const slices = names.map(() => '')
  return [
    prefix,
    constant(graph, names, { dtype: 'string' }),
    constant(graph, slices, { dtype: 'string' }),
  ]
}
