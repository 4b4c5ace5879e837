import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { type DType, dataType } from './dtype.js'
import {
  type AttrValue,
  type AttrValue_ListValueSchema,
  AttrValueSchema,
  type TensorProto,
  type TensorShapeProto,
  TensorShapeProtoSchema,
} from './proto/tensorflow_pb.js'
import type { Shape } from './shape.js'

export type Attrs = Record<string, AttrValue>

export function shapeProto(shape: Shape): TensorShapeProto {
  return create(TensorShapeProtoSchema, { dim: shape.map(extent => ({ size: BigInt(extent) })) })
}

const bytes = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.from(text))

const single = (value: AttrValue['value']): AttrValue => create(AttrValueSchema, { value })

const list = (value: MessageInitShape<typeof AttrValue_ListValueSchema>): AttrValue =>
  create(AttrValueSchema, { value: { case: 'list', value } })

/** Encodes a node's attributes as TensorFlow's AttrValue messages. */
export const attr = {
  type: (dtype: DType) => single({ case: 'type', value: dataType(dtype) }),
  shape: (shape: Shape) => single({ case: 'shape', value: shapeProto(shape) }),
  int: (value: number) => single({ case: 'i', value: BigInt(value) }),
  float: (value: number) => single({ case: 'f', value }),
  bool: (value: boolean) => single({ case: 'b', value }),
  bytes: (value: Uint8Array<ArrayBuffer>) => single({ case: 's', value }),
  string: (value: string) => single({ case: 's', value: bytes(value) }),
  tensor: (value: TensorProto) => single({ case: 'tensor', value }),
  func: (name: string) =>
    create(AttrValueSchema, { value: { case: 'func', value: { name, attr: {} } } }),
  funcs: (names: readonly string[]) => list({ func: names.map(name => ({ name, attr: {} })) }),
  floats: (values: readonly number[]) => list({ f: [...values] }),
  ints: (values: readonly number[]) => list({ i: values.map(BigInt) }),
  types: (dtypes: readonly DType[]) => list({ type: dtypes.map(dataType) }),
  shapes: (shapes: readonly Shape[]) => list({ shape: shapes.map(shapeProto) }),
}
