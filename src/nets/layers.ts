// Layers as values, after TF-Slim: a scope is a new set of layers, nothing is global.
import type { DType } from '../graph/dtype.js'
import type { Node, Tensor } from '../graph/graph.js'
import { check } from '../graph/graph-error.js'
import { reshape } from '../graph/ops/array.js'
import { batchNormInference, batchNormTraining } from '../graph/ops/batch-norm.js'
import type { Margins, Padding } from '../graph/ops/conv.js'
import { dropout as drop } from '../graph/ops/dropout.js'
import { add, cast, l2Loss, mul, sub } from '../graph/ops/math.js'
import { biasAdd } from '../graph/ops/matmul.js'
import { reduceMean } from '../graph/ops/reduce.js'
import { assignSub, type Variable } from '../graph/ops/state.js'
import { rank4, type Shape } from '../graph/shape.js'
import { windows } from './conv-as-matmul.js'
import { type Fold, foldedBiases, foldedWeights } from './fold.js'
import { he, type Initial, ones, zeros } from './initializers.js'
import { nameHash, type Variables } from './variables.js'

/** What convolutions compute in; variables, statistics of batch norm and the loss stay float32. */
export type Precision = 'fp32' | 'bf16' | 'fp16'

const computing: Record<Precision, DType> = { fp32: 'float32', bf16: 'bfloat16', fp16: 'float16' }

export interface ConvOptions {
  stride?: number
  padding?: Padding | Margins
  /** Batch norm takes the place of the bias, unless `bias` asks for both. */
  norm?: 'batch' | null
  activation?: ((x: Tensor) => Tensor) | null
  bias?: boolean
  initial?: Initial
  /** Weight of half the filter's sum of squares in `penalties`. */
  l2?: number
  /** What comes out has its type too, so nothing is cast between two layers. */
  precision?: Precision
}

export interface BatchNormOptions {
  /** How much of the moving averages a step keeps. */
  momentum?: number
  epsilon?: number
}

export interface DropoutOptions {
  /** The share of zeros. */
  rate?: number
}

export interface LayerDefaults {
  conv2d?: ConvOptions
  batchNorm?: BatchNormOptions
  dropout?: DropoutOptions
}

/** Training normalises by the batch and moves the averages; inference normalises by the averages. */
export type Mode = 'training' | 'inference'

/** What a training step draws from: int32 scalars. */
export interface Randomness {
  readonly seed: Tensor
  readonly step: Tensor
}

export interface LayerOptions {
  /** Needed for dropout in training. */
  random?: Randomness
  /** Batch norms that are already in `folded_weights` and `folded_biases` of their convolutions. */
  folds?: readonly Fold[]
}

export interface Layers {
  /** x [n, h, w, in] → [n, h', w', filters]; variables `weights`, `biases` or `BatchNorm/...`. */
  conv2d(x: Tensor, name: string, filters: number, kernel: number, options?: ConvOptions): Tensor
  /** Variables `gamma`, `beta`, `moving_mean` and `moving_variance`. */
  batchNorm(x: Tensor, name: string, options?: BatchNormOptions): Tensor
  /** In training only; the name and the step are all that it depends on beside the seed. */
  dropout(x: Tensor, name: string, options?: DropoutOptions): Tensor
  /** The same layers with other defaults. */
  argScope(defaults: LayerDefaults): Layers
  /** The same layers under a longer name. */
  scope(name: string): Layers
  /** What a training step must also run: the moving averages of all layers made so far. */
  readonly updates: readonly Node[]
  /** Scalars to add to the loss. */
  readonly penalties: readonly Tensor[]
  /** The batch norms of an inference net, made so far, that its convolutions could do themselves. */
  readonly folds: readonly Fold[]
}

interface Build extends LayerOptions {
  readonly variables: Variables
  readonly mode: Mode
  readonly updates: Node[]
  readonly penalties: Tensor[]
  /** Convolutions' outputs, with their paths. */
  readonly convolved: Map<Tensor, string>
  readonly candidates: (Fold & { x: Tensor })[]
}

export function createLayers(variables: Variables, mode: Mode, options: LayerOptions = {}): Layers {
  const made = { updates: [], penalties: [], convolved: new Map(), candidates: [] }
  return layersIn({ variables, mode, ...options, ...made }, '', {})
}

/** x [n, h, w, channels] → [n, 1, 1, channels], float32 so that a sum over many pixels stays exact. */
export const globalPool = (x: Tensor): Tensor =>
  reduceMean(cast(x, 'float32'), [1, 2], { keepDims: true })

/** x [n, 1, 1, channels] → [n, channels]. */
export const squeeze = (x: Tensor): Tensor => reshape(x, [x.shape[0]!, x.shape[3]!])

function layersIn(build: Build, prefix: string, defaults: LayerDefaults): Layers {
  const { variables, mode, random, folds = [] } = build
  const { graph } = variables

  function conv2d(
    x: Tensor,
    name: string,
    filters: number,
    kernel: number,
    options: ConvOptions = {},
  ): Tensor {
    const all = { ...defaults.conv2d, ...options }
    const { stride = 1, padding = 'SAME', norm = null, activation = null, initial = he } = all
    const { bias = norm === null, l2 = 0, precision = 'fp32' } = all
    const path = prefix + name
    const dtype = computing[precision]
    const folded = folds.some(({ conv }) => conv === path)
    const channels = rank4(`${path}: the input`, x.shape)[3]
    const create = (part: string, shape: Shape, first: Initial): Variable =>
      variables.get(`${path}/${part}`, shape, first)

    const shape = [kernel, kernel, channels, filters]
    const weights = create(folded ? foldedWeights : 'weights', shape, initial)
    const biases = (folded || bias) && create(folded ? foldedBiases : 'biases', [filters], zeros)
    let y = graph.within(path, () => {
      const product = windows(cast(x, dtype), cast(weights.value, dtype), {
        stride,
        padding,
        pointwise: mode === 'training',
      })
      if (l2 > 0) build.penalties.push(mul(l2Loss(weights.value), l2))
      return biases ? biasAdd(product, cast(biases.value, dtype)) : product
    })
    build.convolved.set(y, path)
    if (norm === 'batch') y = batchNorm(y, `${name}/BatchNorm`)
    return activation ? graph.within(path, () => activation(y)) : y
  }

  function batchNorm(x: Tensor, name: string, options: BatchNormOptions = {}): Tensor {
    const { momentum = 0.9, epsilon = 1e-3 } = { ...defaults.batchNorm, ...options }
    const path = prefix + name
    if (folds.some(({ norm }) => norm === path)) return x
    const channels = rank4(`${path}: the input`, x.shape)[3]
    const create = (part: string, first: Initial, trainable: boolean): Variable =>
      variables.get(`${path}/${part}`, [channels], first, { trainable })

    const beta = create('beta', zeros, true)
    const gamma = create('gamma', ones, true)
    const mean = create('moving_mean', zeros, false)
    const variance = create('moving_variance', ones, false)
    return graph.within(path, () => {
      const inference = mode === 'inference'
      // frozen statistics are also what normalises, or the layer would not be what it was
      if (inference || variables.freeze.has(mean.name)) {
        const conv = build.convolved.get(x)
        if (inference && conv) build.candidates.push({ conv, norm: path, epsilon, x })
        const given = [gamma, beta, mean, variance].map(({ value }) => value)
        return batchNormInference(x, given[0]!, given[1]!, given[2]!, given[3]!, epsilon)
      }
      const normal = batchNormTraining(x, gamma.value, beta.value, epsilon)
      build.updates.push(
        follow(mean, normal.batchMean, momentum),
        follow(variance, normal.batchVariance, momentum),
      )
      return normal.output
    })
  }

  function dropout(x: Tensor, name: string, options: DropoutOptions = {}): Tensor {
    const { rate = 0.5 } = { ...defaults.dropout, ...options }
    if (mode === 'inference' || rate === 0) return x
    const path = prefix + name
    check(random !== undefined, `${path}: dropout in training needs a seed and a step to draw from`)
    return graph.within(path, () => {
      const seed = add(random.seed, nameHash(path))
      return drop(x, rate, { seed, index: random.step })
    })
  }

  return {
    conv2d,
    batchNorm,
    dropout,
    argScope: more =>
      layersIn(build, prefix, {
        conv2d: { ...defaults.conv2d, ...more.conv2d },
        batchNorm: { ...defaults.batchNorm, ...more.batchNorm },
        dropout: { ...defaults.dropout, ...more.dropout },
      }),
    scope: name => layersIn(build, `${prefix}${name}/`, defaults),
    updates: build.updates,
    penalties: build.penalties,
    get folds() {
      return foldable(build)
    },
  }
}

function foldable({ variables, candidates }: Build): Fold[] {
  const uses = new Map<Tensor, number>()
  for (const { inputs } of variables.graph.nodes) {
    for (const input of inputs) uses.set(input, (uses.get(input) ?? 0) + 1)
  }
  return candidates
    .filter(({ x }) => uses.get(x) === 1)
    .map(({ conv, norm, epsilon }) => ({ conv, norm, epsilon }))
}

const follow = (average: Variable, seen: Tensor, momentum: number): Node =>
  assignSub(average, mul(sub(average.value, seen), 1 - momentum))
