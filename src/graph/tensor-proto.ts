import { create } from '@bufbuild/protobuf'
import { shapeProto } from './attr.js'
import { type DType, dataType } from './dtype.js'
import { check } from './graph-error.js'
import { type TensorProto, TensorProtoSchema } from './proto/tensorflow_pb.js'
import type { Shape } from './shape.js'

export type TensorValues = ArrayLike<number> | readonly string[] | readonly boolean[]

export function tensorProto(dtype: DType, shape: Shape, values: TensorValues): TensorProto {
  const content =
    dtype === 'string'
      ? { stringVal: (values as readonly string[]).map(text => new Uint8Array(Buffer.from(text))) }
      : { tensorContent: packTensorContent(dtype, values as ArrayLike<number>) }
  return create(TensorProtoSchema, {
    dtype: dataType(dtype),
    tensorShape: shapeProto(shape),
    ...content,
  })
}

function packTensorContent(dtype: DType, values: ArrayLike<number>): Uint8Array<ArrayBuffer> {
  switch (dtype) {
    case 'float32':
      return new Uint8Array(Float32Array.from(values).buffer)
    case 'int32':
      return new Uint8Array(Int32Array.from(values).buffer)
    case 'int64':
      return new Uint8Array(BigInt64Array.from(Array.from(values, BigInt)).buffer)
    case 'uint8':
      return Uint8Array.from(values)
    case 'bool':
      return Uint8Array.from(values, Number)
    default:
      check(false, `constant: there are no constants of type ${dtype}; cast a float32 one`)
  }
}
