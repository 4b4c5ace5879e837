import { DataType } from './proto/tensorflow_pb.js'

const dataTypes = {
  float32: DataType.DT_FLOAT,
  float64: DataType.DT_DOUBLE,
  bfloat16: DataType.DT_BFLOAT16,
  float16: DataType.DT_HALF,
  int32: DataType.DT_INT32,
  int64: DataType.DT_INT64,
  uint8: DataType.DT_UINT8,
  int8: DataType.DT_INT8,
  string: DataType.DT_STRING,
  bool: DataType.DT_BOOL,
  resource: DataType.DT_RESOURCE,
  variant: DataType.DT_VARIANT,
} as const

export type DType = keyof typeof dataTypes

export const dataType = (dtype: DType): DataType => dataTypes[dtype]

export const isFloat = (dtype: DType): boolean =>
  dtype === 'float32' || dtype === 'bfloat16' || dtype === 'float16'

export function dtypeOf(type: DataType): DType | undefined {
  return (Object.keys(dataTypes) as DType[]).find(dtype => dataTypes[dtype] === type)
}
