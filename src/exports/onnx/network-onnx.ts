import type { AttrValue, GraphDef, NodeDef, TensorProto } from '../../graph/proto/tensorflow_pb.js'
import { DataType } from '../../graph/proto/tensorflow_pb.js'
import { type AttributeValue, float, OnnxGraph } from './onnx-graph.js'

/**
 * A 4-dimensional value is [n, h, w, c] in TensorFlow, and [n, c, h, w] in ONNX's convolutions and pools. It stays in
 * ONNX's order from the first convolution to the first operation that mixes dimensions.
 */
type Layout = 'tensorflow' | 'nchw'

interface Value {
  name: string
  layout: Layout
}

/** Reads what a node has, and appends what it becomes. */
interface Context {
  graph: OnnxGraph
  node: NodeDef
  /** A value that the node reads; in another order if it asks for it. */
  input(index: number, layout?: Layout): Value
  /** A constant that the node reads. */
  constant(index: number): TensorProto
  ints(attribute: string): number[]
}

type Converter = (context: Context) => Value

/** What operations of a served network become; a network with another operation cannot be exported. */
const converters: Readonly<Record<string, Converter>> = {
  AddV2: elementwise('Add'),
  Sub: elementwise('Sub'),
  RealDiv: elementwise('Div'),
  Relu: activation('Relu'),
  Elu: activation('Elu'),
  BiasAdd: addBias,
  Conv2D: convolve,
  FusedBatchNormV3: normalizeBatch,
  MaxPool: maxPool,
  Pad: pad,
  Mean: average,
  Reshape: reshape,
  MatMul: multiplyMatrices,
  Softmax: ({ graph, node, input }) =>
    inTensorFlowOrder(graph.add('Softmax', [input(0, 'tensorflow').name], node.name, { axis: -1 })),
}

export interface ServedNetwork {
  /** The graph of signature `serving_default`, with constants in place of variables (`graph/freeze.ts`). */
  graph: GraphDef
  input: {
    name: string
    tensor: string
    shape: readonly [height: number, width: number, channels: number]
  }
  outputs: readonly { name: string; tensor: string }[]
  classes: number
}

/** A served network as an ONNX graph with the same inputs and outputs. Throws if ONNX has no such operation. */
export function networkToOnnx({ graph, input, outputs, classes }: ServedNetwork): OnnxGraph {
  const onnx = new OnnxGraph()
  const constants = new Map<string, TensorProto>()
  const values = new Map<string, Value>()
  const names = new Map(outputs.map(({ name, tensor }) => [nodeName(tensor), name]))
  values.set(
    nodeName(input.tensor),
    inTensorFlowOrder(onnx.input(input.name, ['batch', ...input.shape])),
  )

  for (const node of graph.node) {
    const name = node.name
    if (values.has(name) || node.op === 'NoOp') continue
    if (node.op === 'Const') {
      const value = node.attr.value?.value
      if (value?.case === 'tensor') constants.set(name, value.value)
      continue
    }
    const convert = converters[node.op]
    if (!convert) throw new Error(`ONNX export: the network has the operation ${node.op} (${name})`)
    values.set(
      name,
      convert({
        graph: onnx,
        node,
        input: (index, layout) => {
          const from = nodeName(node.input[index]!)
          const value = values.get(from) ?? floatConstant(onnx, constants, values, from)
          return layout && value.layout !== layout ? transposed(onnx, values, value, layout) : value
        },
        constant: index => constantOf(constants, nodeName(node.input[index]!)),
        ints: attribute => intsOf(node.attr[attribute]),
      }),
    )
  }
  for (const [node, name] of names) {
    const value = values.get(node)!
    onnx.add('Identity', [value.name], name)
    onnx.output(name, ['batch', classes])
  }
  return onnx
}

const inTensorFlowOrder = (name: string): Value => ({ name, layout: 'tensorflow' })
const inNchw = (name: string): Value => ({ name, layout: 'nchw' })

/** `node:1` is an output of a node; the nodes of served networks have one that is used. */
const nodeName = (tensor: string) => tensor.replace(/:0$/, '')

const permutations: Readonly<Record<Layout, readonly number[]>> = {
  nchw: [0, 3, 1, 2],
  tensorflow: [0, 2, 3, 1],
}

/** Once for each value, however many nodes read it in the other order. */
function transposed(
  graph: OnnxGraph,
  values: Map<string, Value>,
  value: Value,
  layout: Layout,
): Value {
  const key = `${value.name}/${layout}`
  const known = values.get(key)
  if (known) return known
  graph.add('Transpose', [value.name], key, { perm: permutations[layout] })
  const made = { name: key, layout }
  values.set(key, made)
  return made
}

function constantOf(constants: ReadonlyMap<string, TensorProto>, name: string): TensorProto {
  const constant = constants.get(name)
  if (!constant) throw new Error(`ONNX export: ${name} is no constant`)
  return constant
}

function floatConstant(
  graph: OnnxGraph,
  constants: ReadonlyMap<string, TensorProto>,
  values: Map<string, Value>,
  name: string,
): Value {
  const constant = constantOf(constants, name)
  const value = inTensorFlowOrder(graph.constant(name, dimsOf(constant), floatsOf(constant)))
  values.set(name, value)
  return value
}

function elementwise(opType: string): Converter {
  return ({ graph, node, input }) => {
    const [a, b] = [input(0), input(1)]
    if (a.layout !== b.layout) {
      // constants, such as the mean of each channel, broadcast in TensorFlow's order
      const [left, right] = [input(0, 'tensorflow'), input(1, 'tensorflow')]
      return inTensorFlowOrder(graph.add(opType, [left.name, right.name], node.name))
    }
    return { ...a, name: graph.add(opType, [a.name, b.name], node.name) }
  }
}

function activation(opType: string): Converter {
  return ({ graph, node, input }) => {
    const value = input(0)
    return { ...value, name: graph.add(opType, [value.name], node.name) }
  }
}

function addBias({ graph, node, input, constant }: Context): Value {
  const value = input(0)
  const bias = constant(1)
  // beside [n, c, h, w], the channels of the bias are not the last dimension
  const dims = value.layout === 'nchw' ? [...dimsOf(bias), 1, 1] : dimsOf(bias)
  const added = graph.constant(`${node.name}/bias`, dims, floatsOf(bias))
  return { ...value, name: graph.add('Add', [value.name, added], node.name) }
}

function convolve({ graph, node, input, constant, ints }: Context): Value {
  const kernel = constant(1)
  const [height = 0, width = 0, channels = 0, filters = 0] = dimsOf(kernel)
  const dims = [filters, channels, height, width]
  const weights = graph.constant(
    `${node.name}/kernel`,
    dims,
    toFiltersFirst(floatsOf(kernel), [height, width, channels, filters]),
  )
  return inNchw(
    graph.add('Conv', [input(0, 'nchw').name, weights], node.name, {
      kernel_shape: [height, width],
      strides: spatial(ints('strides')),
      ...(node.attr.dilations && { dilations: spatial(ints('dilations')) }),
      ...paddingOf(node, ints('explicit_paddings')),
    }),
  )
}

/** [h, w, c, f] → [f, c, h, w]. */
function toFiltersFirst(
  values: Float32Array,
  [height, width, channels, filters]: readonly [number, number, number, number],
): Float32Array {
  const positions = height * width
  const result = new Float32Array(values.length)
  let from = 0
  for (let position = 0; position < positions; position++) {
    for (let channel = 0; channel < channels; channel++) {
      for (let filter = 0; filter < filters; filter++) {
        result[(filter * channels + channel) * positions + position] = values[from++]!
      }
    }
  }
  return result
}

function normalizeBatch({ graph, node, input }: Context): Value {
  const inputs = [input(0, 'nchw'), input(1), input(2), input(3), input(4)]
  const epsilon = node.attr.epsilon?.value
  if (epsilon?.case !== 'f') throw new Error(`ONNX export: ${node.name} has no epsilon`)
  return inNchw(
    graph.add(
      'BatchNormalization',
      inputs.map(({ name }) => name),
      node.name,
      { epsilon: float(epsilon.value) },
    ),
  )
}

function maxPool({ graph, node, input, ints }: Context): Value {
  return inNchw(
    graph.add('MaxPool', [input(0, 'nchw').name], node.name, {
      kernel_shape: spatial(ints('ksize')),
      strides: spatial(ints('strides')),
      ...paddingOf(node, []),
    }),
  )
}

/** TensorFlow's SAME puts the odd row and column at the end, like ONNX's SAME_UPPER. */
function paddingOf(node: NodeDef, explicit: readonly number[]): Record<string, AttributeValue> {
  const padding = node.attr.padding?.value
  const kind = padding?.case === 's' ? new TextDecoder().decode(padding.value) : ''
  if (kind === 'SAME') return { auto_pad: 'SAME_UPPER' }
  if (kind === 'VALID') return {}
  const [, , top = 0, bottom = 0, left = 0, right = 0] = explicit
  return { pads: [top, left, bottom, right] }
}

function pad({ graph, node, input, constant }: Context): Value {
  const [, , top = 0, bottom = 0, left = 0, right = 0] = integersOf(constant(1))
  const pads = BigInt64Array.from([0, 0, top, left, 0, 0, bottom, right], BigInt)
  const added = graph.constant(`${node.name}/pads`, [8], pads)
  return inNchw(graph.add('Pad', [input(0, 'nchw').name, added], node.name))
}

function average({ graph, node, input, constant }: Context): Value {
  const value = input(0)
  const keep = node.attr.keep_dims?.value
  const keepdims = keep?.case === 'b' && keep.value ? 1 : 0
  const read = keepdims === 1 ? value : input(0, 'tensorflow')
  const axes = integersOf(constant(1)).map(axis =>
    read.layout === 'nchw' ? permutations.tensorflow[axis]! : axis,
  )
  return { ...read, name: graph.add('ReduceMean', [read.name], node.name, { axes, keepdims }) }
}

function reshape(context: Context): Value {
  const { graph, node, input, constant } = context
  const shape = BigInt64Array.from(integersOf(constant(1)), BigInt)
  const target = graph.constant(`${node.name}/shape`, [shape.length], shape)
  return inTensorFlowOrder(graph.add('Reshape', [input(0, 'tensorflow').name, target], node.name))
}

function multiplyMatrices({ graph, node, input }: Context): Value {
  const [a, b] = [input(0, 'tensorflow'), input(1, 'tensorflow')]
  return inTensorFlowOrder(graph.add('MatMul', [a.name, b.name], node.name))
}

/** Of [n, h, w, c], the two in the middle. */
const spatial = ([, height = 1, width = 1]: readonly number[]) => [height, width]

function intsOf(attribute: AttrValue | undefined): number[] {
  const value = attribute?.value
  return value?.case === 'list' ? value.value.i.map(Number) : []
}

const dimsOf = ({ tensorShape }: TensorProto): number[] =>
  (tensorShape?.dim ?? []).map(({ size }) => Number(size))

/** Constants of served graphs have their values as bytes. */
function floatsOf({ dtype, tensorContent }: TensorProto): Float32Array {
  if (dtype !== DataType.DT_FLOAT) throw new Error(`ONNX export: a constant has type ${dtype}`)
  return new Float32Array(new Uint8Array(tensorContent).buffer)
}

function integersOf({ dtype, tensorContent }: TensorProto): number[] {
  if (dtype !== DataType.DT_INT32) throw new Error(`ONNX export: a constant has type ${dtype}`)
  return [...new Int32Array(new Uint8Array(tensorContent).buffer)]
}
