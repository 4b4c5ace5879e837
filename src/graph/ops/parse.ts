import { attr } from '../attr.js'
import type { DType } from '../dtype.js'
import type { Tensor } from '../graph.js'
import { check } from '../graph-error.js'
import { apply, applyMultiOutput, defineMultiOutputOp, defineOp } from '../op.js'
import { formatShape, type Shape, sizeOf } from '../shape.js'
import { constant } from './constant.js'

export interface Feature {
  readonly dtype: 'string' | 'int64' | 'float32'
  /** Shape of the value in one example. Default: a scalar. */
  readonly shape?: Shape
}

interface ParseAttrs {
  features: readonly Required<Feature>[]
}

export const ParseExampleV2 = defineMultiOutputOp<readonly Tensor[], ParseAttrs>({
  type: 'ParseExampleV2',
  outputs: ([serialized], { features }) =>
    features.map(({ dtype, shape }) => ({
      arg: 'dense_values',
      dtype,
      shape: [...serialized!.shape, ...shape],
    })),
  attrs: (_, { features }) => ({
    Tdense: attr.types(features.map(({ dtype }) => dtype)),
    dense_shapes: attr.shapes(features.map(({ shape }) => shape)),
    num_sparse: attr.int(0),
    sparse_types: attr.types([]),
    ragged_value_types: attr.types([]),
    ragged_split_types: attr.types([]),
  }),
  gradient: null,
})

/** Serialized tf.Examples [n] → one tensor [n, ...] per feature. All features are required. */
export function parseExample<Name extends string>(
  serialized: Tensor,
  features: Readonly<Record<Name, Feature>>,
): Record<Name, Tensor> {
  check(
    serialized.dtype === 'string',
    `parseExample: examples are strings, not ${serialized.dtype}`,
  )
  const { graph } = serialized.node
  const names = Object.keys(features) as Name[]
  const strings = (values: readonly string[]) => constant(graph, values, { dtype: 'string' })
  const [empty, keys] = [strings([]), strings(names)]
  // an empty default makes the feature required
  const defaults = names.map(name => constant(graph, [], { dtype: features[name].dtype }))
  const parsed = applyMultiOutput(
    ParseExampleV2,
    [serialized, empty, empty, keys, empty, ...defaults],
    {
      features: names.map(name => ({ shape: [], ...features[name] })),
    },
  )
  return Object.fromEntries(names.map((name, i) => [name, parsed[i]!])) as Record<Name, Tensor>
}

interface RawAttrs {
  dtype: DType
  shape: Shape
}

export const DecodeRaw = defineOp<readonly [bytes: Tensor], RawAttrs>({
  type: 'DecodeRaw',
  output: 'output',
  shape: ([bytes], { shape }) => [...bytes.shape, sizeOf(shape)],
  dtype: (_, { dtype }) => dtype,
  attrs: (_, { dtype }) => ({ out_type: attr.type(dtype), little_endian: attr.bool(true) }),
  gradient: null,
})

/** Strings [n] of raw little-endian values → [n, size of `shape`]. */
export function decodeRaw(bytes: Tensor, dtype: 'uint8' | 'int32' | 'float32', shape: Shape) {
  check(bytes.dtype === 'string', `decodeRaw: the input is ${bytes.dtype}, not string`)
  check(sizeOf(shape) > 0, `decodeRaw: the shape ${formatShape(shape)} must be known`)
  return apply(DecodeRaw, [bytes], { dtype, shape })
}
