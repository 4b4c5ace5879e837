// TensorFlow's TensorProto (tensorflow/core/framework/tensor.proto), as TensorFlow Serving's clients send it.
import { create } from '@bufbuild/protobuf'
import { quoteTruncated } from '../../errors.js'
import { DataType, type TensorProto, TensorProtoSchema } from '../../graph/proto/tensorflow_pb.js'
import { tensorFromBytes } from '../protocols/infer-request.js'
import {
  type Datatype,
  decodeNumbers,
  emptyNumbers,
  encodeNumbers,
  invalidRequest,
  sizeOfShape,
  type Tensor,
} from '../protocols/tensor.js'

type ValueField =
  | 'floatVal'
  | 'doubleVal'
  | 'intVal'
  | 'stringVal'
  | 'int64Val'
  | 'boolVal'
  | 'halfVal'
  | 'uint32Val'
  | 'uint64Val'

/** The field of the values that are not in `tensor_content`. */
const types: Readonly<Partial<Record<DataType, readonly [Datatype, ValueField]>>> = {
  [DataType.DT_BOOL]: ['BOOL', 'boolVal'],
  [DataType.DT_INT8]: ['INT8', 'intVal'],
  [DataType.DT_INT16]: ['INT16', 'intVal'],
  [DataType.DT_INT32]: ['INT32', 'intVal'],
  [DataType.DT_INT64]: ['INT64', 'int64Val'],
  [DataType.DT_UINT8]: ['UINT8', 'intVal'],
  [DataType.DT_UINT16]: ['UINT16', 'intVal'],
  [DataType.DT_UINT32]: ['UINT32', 'uint32Val'],
  [DataType.DT_UINT64]: ['UINT64', 'uint64Val'],
  [DataType.DT_HALF]: ['FP16', 'halfVal'],
  [DataType.DT_BFLOAT16]: ['BF16', 'halfVal'],
  [DataType.DT_FLOAT]: ['FP32', 'floatVal'],
  [DataType.DT_DOUBLE]: ['FP64', 'doubleVal'],
  [DataType.DT_STRING]: ['BYTES', 'stringVal'],
}

/** One value may stand for all of a shape; more than a prediction takes are not made of it. */
const maxRepeated = 4_000_000

/** Throws unless there are as many values as the shape has, or one for all. */
export function tensorOfProto(name: string, proto: TensorProto): Tensor {
  const { dtype, tensorShape, tensorContent } = proto
  const type = types[dtype]
  if (!type) {
    const message = `${quoteTruncated(name)} has type ${DataType[dtype] ?? dtype}, which is not served`
    throw invalidRequest(message)
  }
  if (tensorShape?.unknownRank) throw invalidRequest(`${quoteTruncated(name)} has no shape`)
  const shape = (tensorShape?.dim ?? []).map(({ size }) => Number(size))
  const count = sizeOfShape(name, shape)
  const [datatype, field] = type
  const head = { name, datatype, shape }
  if (tensorContent.length > 0 && datatype !== 'BYTES') {
    return tensorFromBytes(head, count, tensorContent)
  }
  const values = proto[field]
  if (values.length !== count && (values.length !== 1 || count > maxRepeated)) {
    const message = `${quoteTruncated(name)} has ${values.length} values, expected ${count}`
    throw invalidRequest(message)
  }
  const at = (i: number) => values[values.length === 1 ? 0 : i]
  if (datatype === 'BYTES') {
    return {
      name,
      datatype,
      shape,
      values: Array.from({ length: count }, (_, i) => at(i) as Uint8Array),
    }
  }
  if (field === 'halfVal') {
    const bits = Uint16Array.from({ length: count }, (_, i) => at(i) as number)
    return { name, datatype, shape, values: decodeNumbers(datatype, new Uint8Array(bits.buffer)) }
  }
  const numbers = emptyNumbers(datatype, count)
  for (let i = 0; i < count; i++) {
    const value = at(i)
    numbers[i] = typeof value === 'boolean' ? Number(value) : (value as number)
    // 300 as DT_UINT8 would be 44
    if (field === 'intVal' && numbers[i] !== value) {
      throw invalidRequest(
        `value ${i} of ${quoteTruncated(name)} is ${value}, which is no ${datatype}`,
      )
    }
  }
  return { name, datatype, shape, values: numbers }
}

const dtypes = new Map(
  Object.entries(types).map(([dtype, [datatype]]) => [datatype, Number(dtype) as DataType]),
)

/** Of floats and texts, which models answer. */
export function protoOfTensor(tensor: Tensor): TensorProto {
  const dim = tensor.shape.map(size => ({ size: BigInt(size) }))
  const head = { dtype: dtypes.get(tensor.datatype)!, tensorShape: { dim } }
  return create(
    TensorProtoSchema,
    tensor.datatype === 'BYTES'
      ? { ...head, stringVal: [...tensor.values] }
      : { ...head, tensorContent: encodeNumbers(tensor) },
  )
}
