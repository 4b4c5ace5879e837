// Post-training quantization to 8 bits (Jacob et al. 2017, arXiv:1712.05877): a second graph for a served
// network, whose filters are int8, by output channel, and whose activations are rounded to 256 values.
// TensorFlow computes it in float32; OpenVINO finds the roundings and runs its integer kernels.
import { copyGraph } from '../graph/copy-graph.js'
import { effectOutputs } from '../graph/effect-outputs.js'
import { Graph, type Tensor } from '../graph/graph.js'
import { restoreTensors, saveTensors } from '../graph/ops/checkpoint.js'
import { placeholder } from '../graph/ops/constant.js'
import { fakeQuant, fakeQuantChannels, round, type ValueRange } from '../graph/ops/fake-quant.js'
import { cast, div, maximum, mul, neg } from '../graph/ops/math.js'
import { reduceMax } from '../graph/ops/reduce.js'
import { type Variable, variable } from '../graph/ops/state.js'
import type { SavedModelSpec } from '../graph/saved-model.js'
import type { QuantizationPoints } from './points.js'

export interface QuantizedProgram extends SavedModelSpec {
  readonly graph: Graph
}

interface QuantizedFilter {
  readonly values: Variable
  /** Of each output channel. */
  readonly scale: Variable
}

const int8Name = (filter: string) => `${filter}/int8`
const scaleName = (filter: string) => `${filter}/scale`

/** The program with its activations rounded to `ranges` and its filters in int8. */
export function quantizedProgram(
  program: SavedModelSpec & { graph: Graph },
  { activations, filters }: QuantizationPoints,
  ranges: readonly ValueRange[],
): QuantizedProgram {
  const rangeOf = new Map(activations.map((tensor, i) => [tensor, ranges[i]!]))
  const { variables = [], signatures } = program
  const filterOf = new Map(
    variables.filter(({ value }) => filters.includes(value)).map(each => [each.value, each]),
  )
  const quantized: Variable[] = []
  const { graph, tensor } = copyGraph(program.graph, (copy, original) => {
    const { graph: target } = copy.node
    const filter = filterOf.get(original)
    if (filter) {
      const { values, scale } = int8Filter(target, filter)
      quantized.push(values, scale)
      return target.nameScope(`quantize/${filter.name}`, () =>
        fakeQuantChannels(mul(cast(values.value, 'float32'), scale.value), scale.value),
      )
    }
    const range = rangeOf.get(original)
    if (!range) return copy
    return target.nameScope(`quantize/${copy.node.name}`, () => fakeQuant(copy, range))
  })
  const mapTensors = (tensors: Readonly<Record<string, Tensor>>) =>
    Object.fromEntries(Object.entries(tensors).map(([name, each]) => [name, tensor(each)]))
  return {
    graph,
    variables: [
      ...variables
        .filter(({ value }) => !filterOf.has(value))
        .map(each => ({ ...each, handle: tensor(each.handle), value: tensor(each.value) })),
      ...quantized,
    ],
    signatures: Object.fromEntries(
      Object.entries(signatures).map(([name, { inputs, outputs }]) => [
        name,
        { inputs: mapTensors(inputs), outputs: mapTensors(outputs) },
      ]),
    ),
  }
}

function int8Filter(graph: Graph, { name, shape }: Variable): QuantizedFilter {
  return {
    values: variable(graph, int8Name(name), shape, 'int8'),
    scale: variable(graph, scaleName(name), shape.slice(-1)),
  }
}

/**
 * The program whose signature `quantize` reads the variables of a served network from a bundle and writes
 * those of its quantized program to another.
 */
export function filterProgram(
  variables: readonly Variable[],
  { filters }: QuantizationPoints,
): QuantizedProgram {
  const graph = new Graph()
  const from = placeholder(graph, 'from', 'string')
  const to = placeholder(graph, 'to', 'string')
  const values = restoreTensors(from, variables)
  const entries = variables.flatMap(({ name, value }, i): [string, Tensor][] => {
    const restored = values[i]!
    if (!filters.includes(value)) return [[name, restored]]
    const [integers, scale] = quantizeFilter(restored, value.shape)
    return [
      [int8Name(name), integers],
      [scaleName(name), scale],
    ]
  })
  const outputs = effectOutputs(graph, 'quantized', [saveTensors(to, Object.fromEntries(entries))])
  return { graph, signatures: { quantize: { inputs: { from, to }, outputs } } }
}

/** w [..., channels] → int8 values and the scale [channels], by which w is near values times scale. */
function quantizeFilter(w: Tensor, { length }: readonly number[]): [Tensor, Tensor] {
  const axes = Array.from({ length: length - 1 }, (_, axis) => axis)
  const largest = reduceMax(maximum(w, neg(w)), axes)
  // a channel of zeros stays one
  const scale = div(maximum(largest, smallestScale), 127)
  return [cast(round(div(w, scale)), 'int8'), scale]
}

const smallestScale = 1e-30
