import { attr } from '../attr.js'
import type { DType } from '../dtype.js'
import type { Node, NodeOptions, Tensor } from '../graph.js'
import { check } from '../graph-error.js'
import { applyEffect, applyMultiOutput, defineEffect, defineMultiOutputOp } from '../op.js'
import type { Shape } from '../shape.js'
import { constant } from './constant.js'

export const SaveV2 = defineEffect<readonly Tensor[]>({
  type: 'SaveV2',
  attrs: inputs => ({ dtypes: attr.types(inputs.slice(3).map(input => input.dtype)) }),
})

export interface TensorSpec {
  readonly name: string
  readonly dtype: DType
  readonly shape: Shape
}

type RestoreInputs = readonly [prefix: Tensor, names: Tensor, slices: Tensor]

export const RestoreV2 = defineMultiOutputOp<RestoreInputs, { entries: readonly TensorSpec[] }>({
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
  options?: NodeOptions,
): Node {
  const saverInputs = checkpointInputs('saveTensors', prefix, Object.keys(tensors))
  return applyEffect(SaveV2, [...saverInputs, ...Object.values(tensors)], {}, options)
}

/** Reads tensors in the order of `entries`. If one is missing, the run fails and names it. */
export function restoreTensors(
  prefix: Tensor,
  entries: readonly TensorSpec[],
  options?: NodeOptions,
): readonly Tensor[] {
  const names = entries.map(({ name }) => name)
  return applyMultiOutput(
    RestoreV2,
    checkpointInputs('restoreTensors', prefix, names),
    { entries },
    options,
  )
}

function checkpointInputs(opName: string, prefix: Tensor, names: readonly string[]): RestoreInputs {
  check(names.length > 0, `${opName}: there is nothing to do`)
  check(
    prefix.dtype === 'string' && prefix.shape.length === 0,
    `${opName}: the prefix must be a scalar string`,
  )
  const { graph } = prefix.node
  const slices = names.map(() => '')
  return [
    prefix,
    constant(graph, names, { dtype: 'string' }),
    constant(graph, slices, { dtype: 'string' }),
  ]
}
