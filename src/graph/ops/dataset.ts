import { create, toBinary } from '@bufbuild/protobuf'
import { attr } from '../attr.js'
import type { DType } from '../dtype.js'
import { defineFunction, type GraphFunction } from '../function.js'
import type { Graph, Tensor } from '../graph.js'
import { check } from '../graph-error.js'
import { apply, defineOp } from '../op.js'
import { OptionsSchema } from '../proto/tensorflow_pb.js'
import type { Shape } from '../shape.js'
import { scalar } from './constant.js'
import { gather } from './gather.js'
import { cast } from './math.js'

export interface Component {
  readonly dtype: DType
  readonly shape: Shape
}

/** A tf.data pipeline: a description of a stream of elements, which an iterator runs. */
export interface Dataset {
  readonly handle: Tensor
  readonly element: readonly Component[]
}

interface ElementAttrs {
  element: readonly Component[]
}

export const elementAttrs = (element: readonly Component[]) => ({
  output_types: attr.types(element.map(({ dtype }) => dtype)),
  output_shapes: attr.shapes(element.map(({ shape }) => shape)),
})

const datasetOp = (type: string, attrs: (element: readonly Component[]) => object = elementAttrs) =>
  defineOp<readonly Tensor[], ElementAttrs>({
    type,
    output: 'handle',
    shape: () => [],
    dtype: () => 'variant',
    attrs: (_, { element }) => ({ ...attrs(element) }),
    gradient: null,
  })

export const TFRecordDataset = datasetOp('TFRecordDataset', () => ({}))
export const ShuffleDataset = datasetOp('ShuffleDataset', element => ({
  ...elementAttrs(element),
  reshuffle_each_iteration: attr.bool(true),
}))
export const RepeatDataset = datasetOp('RepeatDataset')
export const TakeDataset = datasetOp('TakeDataset')
export const SkipDataset = datasetOp('SkipDataset')
export const RangeDataset = datasetOp('RangeDataset')
export const ZipDataset = datasetOp('ZipDataset', element => ({
  ...elementAttrs(element),
  N: attr.int(2),
}))
export const BatchDatasetV2 = datasetOp('BatchDatasetV2')
export const PrefetchDataset = datasetOp('PrefetchDataset', element => ({
  ...elementAttrs(element),
  legacy_autotune: attr.bool(false),
}))

const int64 = (dataset: Dataset, value: number | Tensor): Tensor =>
  typeof value === 'number'
    ? scalar(dataset.handle.node.graph, value, 'int64')
    : cast(value, 'int64')

export const TensorSliceDataset = defineOp<readonly Tensor[], ElementAttrs>({
  type: 'TensorSliceDataset',
  output: 'handle',
  shape: () => [],
  dtype: () => 'variant',
  attrs: (_, { element }) => ({
    Toutput_types: attr.types(element.map(({ dtype }) => dtype)),
    output_shapes: attr.shapes(element.map(({ shape }) => shape)),
  }),
  gradient: null,
})

/** The rows of tensors [n, ...] of one length. */
export function slices(tensors: readonly Tensor[]): Dataset {
  const element = tensors.map(({ dtype, shape }) => ({ dtype, shape: shape.slice(1) }))
  return { handle: apply(TensorSliceDataset, tensors, { element }), element }
}

/** The numbers from 0 to below `end`, int64 [] each. */
export function range(graph: Graph, end: number): Dataset {
  const element: Component[] = [{ dtype: 'int64', shape: [] }]
  const bounds = [0, end, 1].map(bound => scalar(graph, bound, 'int64'))
  return { handle: apply(RangeDataset, bounds, { element }), element }
}

/** The records of the TFRecord files, in order, as scalar strings. */
export function tfRecords(files: Tensor, { bufferBytes = 262_144 } = {}): Dataset {
  const { graph } = files.node
  const element: Component[] = [{ dtype: 'string', shape: [] }]
  const compression = scalar(graph, '', 'string')
  const inputs = [files, compression, scalar(graph, bufferBytes, 'int64')]
  return { handle: apply(TFRecordDataset, inputs, { element }), element }
}

/** Shuffles through a buffer, in another order in each epoch. The seed determines all orders. */
export function shuffle(
  dataset: Dataset,
  bufferSize: number,
  seed: readonly [Tensor | number, Tensor | number],
): Dataset {
  check(
    seed.some(part => part !== 0),
    'shuffle: TensorFlow takes the seed (0, 0) for a random one',
  )
  const inputs = [bufferSize, ...seed].map(value => int64(dataset, value))
  return applyDatasetOp(ShuffleDataset, dataset, inputs)
}

/** Repeats the data `count` times; -1 means forever. */
export const repeat = (dataset: Dataset, count = -1): Dataset =>
  applyDatasetOp(RepeatDataset, dataset, [int64(dataset, count)])

export const take = (dataset: Dataset, count: number | Tensor): Dataset =>
  applyDatasetOp(TakeDataset, dataset, [int64(dataset, count)])

export const skip = (dataset: Dataset, count: number | Tensor): Dataset =>
  applyDatasetOp(SkipDataset, dataset, [int64(dataset, count)])

/** Prepares up to `count` elements in advance; -1 lets TensorFlow choose. */
export const prefetch = (dataset: Dataset, count = -1): Dataset =>
  applyDatasetOp(PrefetchDataset, dataset, [int64(dataset, count)])

/** Batches of `size` elements. The batch dimension is -1 unless the remainder is dropped. */
export function batch(
  dataset: Dataset,
  size: number,
  { dropRemainder }: { dropRemainder: boolean },
): Dataset {
  const extent = dropRemainder ? size : -1
  const element = dataset.element.map(({ dtype, shape }) => ({ dtype, shape: [extent, ...shape] }))
  const drop = scalar(dataset.handle.node.graph, dropRemainder, 'bool')
  const inputs = [dataset.handle, int64(dataset, size), drop]
  return { handle: apply(BatchDatasetV2, inputs, { element }), element }
}

export interface PipelineOptions {
  deterministic: boolean
  autotune: boolean
  /** Begins to work when the iterator starts, not when its first element is asked for. */
  warmStart?: boolean
}

type OptionsAttrs = ElementAttrs & PipelineOptions

export const OptionsDataset = defineOp<readonly [dataset: Tensor], OptionsAttrs>({
  type: 'OptionsDataset',
  output: 'handle',
  shape: () => [],
  dtype: () => 'variant',
  attrs: (_, { element, deterministic, autotune, warmStart }) => {
    const optionsProto = create(OptionsSchema, {
      deterministic,
      autotuneOptions: { enabled: autotune },
      ...(warmStart && { warmStart }),
    })
    return {
      ...elementAttrs(element),
      serialized_options: attr.bytes(toBinary(OptionsSchema, optionsProto)),
    }
  },
  gradient: null,
})

/**
 * Options of the whole pipeline before it. Without autotuning, a parallelism of -1 is one thread
 * per core, at most 16.
 */
export const withOptions = ({ handle, element }: Dataset, options: PipelineOptions): Dataset => ({
  handle: apply(OptionsDataset, [handle], { element, ...options }),
  element,
})

interface MapAttrs extends ElementAttrs {
  body: string
  captures: readonly DType[]
  deterministic: boolean
}

export const ParallelMapDatasetV2 = defineOp<readonly Tensor[], MapAttrs>({
  type: 'ParallelMapDatasetV2',
  output: 'handle',
  shape: () => [],
  dtype: () => 'variant',
  attrs: (_, { element, body, captures, deterministic }) => ({
    ...elementAttrs(element),
    f: attr.func(body),
    Targuments: attr.types(captures),
    deterministic: attr.string(deterministic ? 'true' : 'false'),
    use_inter_op_parallelism: attr.bool(true),
    preserve_cardinality: attr.bool(true),
  }),
  gradient: null,
})

export interface MapOptions {
  /** -1 lets TensorFlow choose. */
  parallelCalls?: number
  /** Keeps the order of the elements, which reproducible jobs need. */
  deterministic?: boolean
  /** Tensors of the graph, passed to the body after the element's components. */
  captures?: readonly Tensor[]
}

/** Applies `body` to each element. `body` is traced once, as a function named `name`. */
export function map(
  dataset: Dataset,
  name: string,
  body: (...components: Tensor[]) => readonly Tensor[],
  options: MapOptions = {},
): Dataset {
  const args = [...dataset.element, ...(options.captures ?? [])]
  return mapBy(dataset, defineFunction(dataset.handle.node.graph, name, args, body), options)
}

/** As `map`, by a function of the graph. Within a function, it belongs to the graph that holds that. */
export function mapBy(
  dataset: Dataset,
  mapFunction: GraphFunction,
  { parallelCalls = -1, deterministic = true, captures = [] }: MapOptions = {},
): Dataset {
  const handle = apply(
    ParallelMapDatasetV2,
    [dataset.handle, ...captures, int64(dataset, parallelCalls)],
    {
      element: mapFunction.outputs,
      body: mapFunction.name,
      captures: captures.map(({ dtype }) => dtype),
      deterministic,
    },
  )
  return { handle, element: mapFunction.outputs }
}

interface FlatMapAttrs extends ElementAttrs {
  body: string
}

export const FlatMapDataset = defineOp<readonly [dataset: Tensor], FlatMapAttrs>({
  type: 'FlatMapDataset',
  output: 'handle',
  shape: () => [],
  dtype: () => 'variant',
  attrs: (_, { element, body }) => ({
    ...elementAttrs(element),
    f: attr.func(body),
    Targuments: attr.types([]),
  }),
  gradient: null,
})

/** The elements of the data sets that `body` makes of each element, one data set after the other. */
export function flatMap(
  dataset: Dataset,
  name: string,
  body: (...components: Tensor[]) => Dataset,
): Dataset {
  let element: readonly Component[] = []
  const mapFunction = defineFunction(
    dataset.handle.node.graph,
    name,
    dataset.element,
    (...components) => {
      const inner = body(...components)
      element = inner.element
      return [inner.handle]
    },
  )
  const attrs = { element, body: mapFunction.name }
  return { handle: apply(FlatMapDataset, [dataset.handle], attrs), element }
}

export const IgnoreErrorsDataset = datasetOp('IgnoreErrorsDataset')

/** Leaves out the elements whose computation fails. */
export const withoutErrors = (dataset: Dataset): Dataset =>
  applyDatasetOp(IgnoreErrorsDataset, dataset, [])

interface FilterAttrs extends ElementAttrs {
  predicate: string
  captures: readonly DType[]
}

export const FilterDataset = defineOp<readonly Tensor[], FilterAttrs>({
  type: 'FilterDataset',
  output: 'handle',
  shape: () => [],
  dtype: () => 'variant',
  attrs: (_, { element, predicate, captures }) => ({
    ...elementAttrs(element),
    predicate: attr.func(predicate),
    Targuments: attr.types(captures),
  }),
  gradient: null,
})

/**
 * Keeps the elements whose position has a 1 in `selected`, an int32 [n] for n elements. `name` is
 * the beginning of the names of its functions.
 */
export function select(dataset: Dataset, name: string, selected: Tensor): Dataset {
  const { graph } = dataset.handle.node
  const positions = range(graph, Number.MAX_SAFE_INTEGER)
  const element = [...positions.element, ...dataset.element]
  const numbered = apply(ZipDataset, [positions.handle, dataset.handle], { element })
  const predicate = defineFunction(
    graph,
    `${name}_predicate`,
    [...element, selected],
    (...args) => [cast(gather(args.at(-1)!, args[0]!), 'bool')],
  )
  const attrs = { element, predicate: predicate.name, captures: [selected.dtype] }
  const handle = apply(FilterDataset, [numbered, selected], attrs)
  return map({ handle, element }, `${name}_elements`, (_position, ...components) => components)
}

function applyDatasetOp(
  op: typeof TakeDataset,
  dataset: Dataset,
  args: readonly Tensor[],
): Dataset {
  const { element } = dataset
  return { handle: apply(op, [dataset.handle, ...args], { element }), element }
}
