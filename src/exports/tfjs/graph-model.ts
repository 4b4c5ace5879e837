// TensorFlow.js' graph model: model.json and weight files, as tensorflowjs_converter writes them
// (tensorflow/tfjs: tfjs-converter/docs and tfjs-core/src/io/types.ts).
import { create, toJson } from '@bufbuild/protobuf'
import {
  AttrValueSchema,
  DataType,
  type GraphDef,
  GraphDefSchema,
  type NodeDef,
  NodeDefSchema,
  type SignatureDef,
  type TensorInfo,
  TensorInfoSchema,
  type TensorProto,
} from '../../graph/proto/tensorflow_pb.js'

/** The usual size of a weight file, which browsers cache as a whole. */
const shardBytes = 4 * 2 ** 20

export interface GraphModelFile {
  name: string
  content: Uint8Array
}

const weightTypes: Readonly<Partial<Record<DataType, string>>> = {
  [DataType.DT_FLOAT]: 'float32',
  [DataType.DT_INT32]: 'int32',
  [DataType.DT_BOOL]: 'bool',
}

/**
 * The files of a graph whose variables are constants (`graph/freeze.ts`). `signature` names its inputs and outputs.
 * `metadata` is kept in model.json as `userDefinedMetadata`.
 */
export function graphModelFiles(
  graph: GraphDef,
  signature: SignatureDef,
  metadata: object,
): GraphModelFile[] {
  const constants = graph.node.flatMap(({ name, op, attr }) => {
    const value = attr.value?.value
    return op === 'Const' && value?.case === 'tensor' ? [{ name, tensor: value.value }] : []
  })
  const bytes = Buffer.concat(constants.map(({ tensor }) => tensor.tensorContent))
  const count = Math.max(1, Math.ceil(bytes.length / shardBytes))
  const shards = Array.from({ length: count }, (_, i) => ({
    name: `group1-shard${i + 1}of${count}.bin`,
    content: bytes.subarray(i * shardBytes, (i + 1) * shardBytes),
  }))
  const weights = constants.map(({ name, tensor }) => ({
    name,
    shape: shapeOf(tensor),
    dtype: weightType(name, tensor.dtype),
  }))
  const model = {
    format: 'graph-model',
    generatedBy: 'trainyard',
    convertedBy: null,
    signature: {
      inputs: tensorInfos(signature.inputs),
      outputs: tensorInfos(signature.outputs),
    },
    modelTopology: toJson(
      GraphDefSchema,
      create(GraphDefSchema, { ...graph, node: graph.node.map(toNode) }),
    ),
    weightsManifest: [{ paths: shards.map(({ name }) => name), weights }],
    userDefinedMetadata: metadata,
  }
  return [
    { name: 'model.json', content: new TextEncoder().encode(JSON.stringify(model)) },
    ...shards,
  ]
}

const text = (value: string) =>
  create(AttrValueSchema, { value: { case: 's', value: new TextEncoder().encode(value) } })
const numbers = (...i: bigint[]) =>
  create(AttrValueSchema, { value: { case: 'list', value: { i } } })

/** Defaults of TensorFlow, which its graphs leave out and TensorFlow.js does not know. */
const defaults: Readonly<Record<string, NodeDef['attr']>> = {
  BiasAdd: { data_format: text('NHWC') },
  Conv2D: { data_format: text('NHWC'), dilations: numbers(1n, 1n, 1n, 1n) },
  FusedBatchNormV3: { data_format: text('NHWC') },
  MaxPool: { data_format: text('NHWC') },
}

/** The values of constants are in the weight files; the nodes keep their types. */
function toNode(node: NodeDef): NodeDef {
  const value = node.attr.value?.value
  if (node.op !== 'Const' || value?.case !== 'tensor') {
    return create(NodeDefSchema, { ...node, attr: { ...defaults[node.op], ...node.attr } })
  }
  const { dtype, tensorShape } = value.value
  const empty = { case: 'tensor' as const, value: { dtype, ...(tensorShape && { tensorShape }) } }
  const attr = { ...node.attr, value: create(AttrValueSchema, { value: empty }) }
  return create(NodeDefSchema, { ...node, attr })
}

const tensorInfos = (tensors: Readonly<Record<string, TensorInfo>>) =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, info]) => [name, toJson(TensorInfoSchema, info)]),
  )

const shapeOf = ({ tensorShape }: TensorProto) =>
  (tensorShape?.dim ?? []).map(({ size }) => Number(size))

function weightType(name: string, dtype: DataType): string {
  const type = weightTypes[dtype]
  if (!type)
    throw new Error(`TensorFlow.js export: the constant ${name} has type ${DataType[dtype]}`)
  return type
}
