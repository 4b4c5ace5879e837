import { create, toBinary } from '@bufbuild/protobuf'
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataType as DataType,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from './onnx_pb.js'

/** The newest versions that onnxruntime 1.14 and later, and other runtimes of 2023, read. */
const irVersion = 8n
const opsets = { '': 17n, 'ai.onnx.ml': 3n }

/** A whole number in an attribute is an INT; `float(1)` makes a FLOAT. */
export type AttributeValue =
  | number
  | string
  | FloatValue
  | Float32Array
  | readonly number[]
  | readonly string[]
  | BigInt64Array
interface FloatValue {
  float: number
}
export const float = (value: number): FloatValue => ({ float: value })

type Dimension = number | 'batch'

/** An ONNX graph that grows node by node. Values are named by strings, as in the file. */
export class OnnxGraph {
  private readonly nodes: NodeProto[] = []
  private readonly initializers: TensorProto[] = []
  private readonly inputs: ValueInfoProto[] = []
  private readonly outputs: ValueInfoProto[] = []

  /** Appends a node, and returns the name of its first output. `unused` names outputs that it must have besides. */
  add(
    opType: string,
    inputs: readonly string[],
    output: string,
    attributes: Record<string, AttributeValue> = {},
    domain: keyof typeof opsets = '',
    unused: readonly string[] = [],
  ): string {
    const attribute = Object.entries(attributes).map(([name, value]) => attributeOf(name, value))
    const name = output
    const names = { input: [...inputs], output: [output, ...unused], name }
    this.nodes.push(create(NodeProtoSchema, { opType, ...names, attribute, domain }))
    return output
  }

  constant(name: string, dims: readonly number[], values: Float32Array | BigInt64Array): string {
    const rawData = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
    const dataType = values instanceof Float32Array ? DataType.FLOAT : DataType.INT64
    const init = { name, dims: dims.map(BigInt), dataType, rawData }
    this.initializers.push(create(TensorProtoSchema, init))
    return name
  }

  input(name: string, shape: readonly Dimension[]): string {
    this.inputs.push(valueInfo(name, shape))
    return name
  }

  output(name: string, shape: readonly Dimension[]): void {
    this.outputs.push(valueInfo(name, shape))
  }

  /** The whole file. `metadata`: what readers find in the model's `metadata_props`. */
  toModel(name: string, docString: string, metadata: Record<string, string>): Uint8Array {
    const { nodes: node, initializers: initializer, inputs: input, outputs: output } = this
    const domains = new Set(node.map(({ domain }) => domain)).add('')
    return toBinary(
      ModelProtoSchema,
      create(ModelProtoSchema, {
        irVersion,
        producerName: 'trainyard',
        docString,
        graph: { node, name, initializer, input, output },
        opsetImport: [...domains].map(domain => ({
          domain,
          version: opsets[domain as keyof typeof opsets],
        })),
        metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
      }),
    )
  }
}

function valueInfo(name: string, shape: readonly Dimension[]): ValueInfoProto {
  const dim = shape.map(size => ({
    value:
      size === 'batch'
        ? { case: 'dimParam' as const, value: size }
        : { case: 'dimValue' as const, value: BigInt(size) },
  }))
  const tensorType = { elemType: DataType.FLOAT, shape: { dim } }
  return create(ValueInfoProtoSchema, { name, type: { tensorType } })
}

function attributeOf(name: string, value: AttributeValue): AttributeProto {
  return create(AttributeProtoSchema, { name, ...contentOf(value) })
}

function contentOf(value: AttributeValue) {
  const utf8 = (text: string) => new TextEncoder().encode(text)
  if (typeof value === 'number') return { type: AttributeType.INT, i: BigInt(value) }
  if (typeof value === 'string') return { type: AttributeType.STRING, s: utf8(value) }
  if (value instanceof Float32Array) return { type: AttributeType.FLOATS, floats: [...value] }
  if (value instanceof BigInt64Array) return { type: AttributeType.INTS, ints: [...value] }
  if ('float' in value) return { type: AttributeType.FLOAT, f: value.float }
  if (isTexts(value)) return { type: AttributeType.STRINGS, strings: value.map(utf8) }
  return { type: AttributeType.INTS, ints: value.map(BigInt) }
}

const isTexts = (value: readonly number[] | readonly string[]): value is readonly string[] =>
  typeof value[0] === 'string'
