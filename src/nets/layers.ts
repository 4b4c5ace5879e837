// Layers after TF-Slim. Scopes are values: `scope` and `argScope` return new layers.
//   const net = createLayers(variables, 'training').scope('net')
//   net.conv2d(x, 'conv1', 64, 3, { norm: 'batch' }) // net/conv1/weights, …
import type { DType } from '../graph/dtype.js'
import type { Node, Tensor } from '../graph/graph.js'
import { check } from '../graph/graph-error.js'
import { reshape } from '../graph/ops/array.js'
import { batchNormInference } from '../graph/ops/batch-norm.js'
import type { ExplicitPadding, Padding } from '../graph/ops/conv.js'
import { type ChooseConvKernels, convShape, kernelsByRule } from '../graph/ops/conv-kernels.js'
import { convolution, inferenceConvolution } from '../graph/ops/convolution.js'
import { dropout as drop } from '../graph/ops/dropout.js'
import { add, cast, l2Loss, mul, sub } from '../graph/ops/math.js'
import { biasAdd } from '../graph/ops/matmul.js'
import {
  type Activation,
  activations,
  type Normalizer,
  stockNormalize,
} from '../graph/ops/normalize.js'
import { reduceMean } from '../graph/ops/reduce.js'
import { assignSub, type Variable } from '../graph/ops/state.js'
import { rank4, type Shape } from '../graph/shape.js'
import { type Fold, foldedBiases, foldedWeights } from './fold.js'
import { heNormal, type Initializer, ones, zeros } from './initializers.js'
import { nameHash, type Variables } from './variables.js'
import type { WeightCopies } from './weight-copies.js'

/**
 * What convolutions compute in. `bf16` and `fp16` are mixed precision (Micikevicius et al. 2017,
 * arXiv:1710.03740): variables, batch-norm statistics and the loss stay float32.
 */
export type Precision = 'fp32' | 'bf16' | 'fp16'

const computeDtypes: Record<Precision, DType> = {
  fp32: 'float32',
  bf16: 'bfloat16',
  fp16: 'float16',
}

export interface ConvOptions {
  stride?: number
  padding?: Padding | ExplicitPadding
  /** Batch norm replaces the bias unless `bias` is true. */
  norm?: 'batch' | null
  /** Added after the norm and before the activation; called when the layer's variables have been made. */
  added?: (() => Tensor) | undefined
  activation?: Activation | null
  bias?: boolean
  initializer?: Initializer
  /** L2 regularization: `l2` times half the filter's sum of squares, in `regularizationLosses`. A frozen
   * filter has none. */
  l2?: number
  /** The output has this type too, so nothing is cast between two layers. */
  precision?: Precision
  /** Whether its output, before anything is added, is one of `endPoints`; default: true. */
  endPoint?: boolean
}

export interface BatchNormOptions {
  /** The share of the moving averages that a step keeps. */
  momentum?: number
  epsilon?: number
  /** Added after the norm and before the activation; called when its variables have been made. */
  added?: (() => Tensor) | undefined
  activation?: Activation | null
}

export interface DropoutOptions {
  /** The probability that an element becomes 0. */
  rate?: number
}

export interface LayerDefaults {
  conv2d?: ConvOptions
  batchNorm?: BatchNormOptions
  dropout?: DropoutOptions
}

/** Batch norm uses the batch's statistics in training and the moving averages in inference. */
export type Mode = 'training' | 'inference'

/** Seeds the random ops of a training step. Both are int32 scalars. */
export interface StepRng {
  readonly seed: Tensor
  readonly step: Tensor
}

export interface LayerOptions {
  /** Required for dropout in training. */
  rng?: StepRng
  /** Batch norms that are included in `folded_weights` and `folded_biases`. */
  folds?: readonly Fold[]
  /** Copies of weights to compute with in bf16; without them, each use casts the weights. */
  copies?: WeightCopies
  /** What batch norms are made of in training; default: TensorFlow's ops. */
  normalize?: Normalizer
  /** In training. Default: `kernelsByRule`. */
  convKernels?: ChooseConvKernels | undefined
}

export interface Layers {
  /** x [n, h, w, in] → [n, h', w', filters]. Variables `weights`, `biases` or `BatchNorm/…`. */
  conv2d(x: Tensor, name: string, filters: number, kernel: number, options?: ConvOptions): Tensor
  /**
   * Ioffe & Szegedy 2015 (arXiv:1502.03167). Variables `gamma`, `beta`, `moving_mean`,
   * `moving_variance`.
   */
  batchNorm(x: Tensor, name: string, options?: BatchNormOptions): Tensor
  /** `batchNorm` of the sum of two tensors, of which the second may be missing. */
  batchNormOfSum(
    x: Tensor,
    before: Tensor | null,
    name: string,
    options?: BatchNormOptions,
  ): SumAndOutput
  /**
   * Hinton et al. 2012 (arXiv:1207.0580), in training only. The mask depends on seed, step and
   * name.
   */
  dropout(x: Tensor, name: string, options?: DropoutOptions): Tensor
  /** The same layers with other defaults. */
  argScope(defaults: LayerDefaults): Layers
  /** The same layers with `name/` appended to the prefix of their variables. */
  scope(name: string): Layers
  /** Updates of the moving averages of all layers created so far. A training step must run them. */
  readonly updates: readonly Node[]
  /** What these updates make of the batch, for steps whose averages move by several batches at once. */
  readonly statistics: readonly BatchStatistic[]
  /** Scalars to add to the loss. */
  readonly regularizationLosses: readonly Tensor[]
  /** The `l2` of each filter that `regularizationLosses` has a penalty of, by the filter's name. */
  readonly l2: ReadonlyMap<string, number>
  /** Makes the output of the layers of this scope an end point with the scope's name, and returns it. */
  endPoint(x: Tensor): Tensor
  /** What layers and units created so far put out, after their activation, by name, as TF-Slim calls them. */
  readonly endPoints: ReadonlyMap<string, Tensor>
  /** The batch norms, created so far in inference mode, that can be folded. */
  readonly folds: readonly Fold[]
}

/** A statistic of a batch that moves an average. */
export interface BatchStatistic {
  readonly average: Variable
  readonly value: Tensor
  /** The share of the average that a step keeps. */
  readonly momentum: number
}

export interface SumAndOutput {
  /** What was normalized. */
  readonly sum: Tensor
  readonly output: Tensor
}

interface LayerContext extends LayerOptions {
  readonly variables: Variables
  readonly mode: Mode
  readonly updates: Node[]
  readonly statistics: BatchStatistic[]
  readonly regularizationLosses: Tensor[]
  readonly l2: Map<string, number>
  readonly endPoints: Map<string, Tensor>
  /** The path of each convolution, by its output. */
  readonly convPaths: Map<Tensor, string>
  readonly foldCandidates: (Fold & { x: Tensor })[]
}

export function createLayers(variables: Variables, mode: Mode, options: LayerOptions = {}): Layers {
  const collections = {
    updates: [],
    statistics: [],
    regularizationLosses: [],
    l2: new Map(),
    endPoints: new Map(),
    convPaths: new Map(),
    foldCandidates: [],
  }
  return layersInScope({ variables, mode, ...options, ...collections }, '', {})
}

/** Global average pooling: x [n, h, w, channels] → [n, 1, 1, channels] in float32. */
export const globalPool = (x: Tensor): Tensor =>
  reduceMean(cast(x, 'float32'), [1, 2], { keepDims: true })

/** x [n, 1, 1, channels] → [n, channels]. */
export const squeeze = (x: Tensor): Tensor => reshape(x, [x.shape[0]!, x.shape[3]!])

function layersInScope(context: LayerContext, prefix: string, defaults: LayerDefaults): Layers {
  const { variables, mode, rng, folds = [], copies } = context
  const { normalize = stockNormalize, convKernels = kernelsByRule } = context
  const { graph } = variables
  const valueIn = (dtype: DType, target: Variable): Tensor =>
    copies?.get(target, dtype)?.value ?? cast(target.value, dtype)

  function conv2d(
    x: Tensor,
    name: string,
    filters: number,
    kernel: number,
    options: ConvOptions = {},
  ): Tensor {
    const resolved = { ...defaults.conv2d, ...options }
    const {
      stride = 1,
      padding = 'SAME',
      norm = null,
      added,
      activation = null,
      initializer = heNormal,
    } = resolved
    const { bias = norm === null, l2 = 0, precision = 'fp32', endPoint = true } = resolved
    const path = prefix + name
    const dtype = computeDtypes[precision]
    const isFolded = folds.some(({ conv }) => conv === path)
    const channels = rank4(`${path}: the input`, x.shape)[3]
    const create = (part: string, shape: Shape, init: Initializer): Variable =>
      variables.get(`${path}/${part}`, shape, init)

    const shape = [kernel, kernel, channels, filters]
    const weights = create(isFolded ? foldedWeights : 'weights', shape, initializer)
    const biases =
      (isFolded || bias) && create(isFolded ? foldedBiases : 'biases', [filters], zeros)
    let y = graph.nameScope(path, () => {
      const images = cast(x, dtype)
      const filter = valueIn(dtype, weights)
      const attrs = { stride, padding }
      const product =
        mode === 'training'
          ? convolution(images, filter, attrs, convKernels(convShape(images, filter, attrs)))
          : inferenceConvolution(images, filter, attrs)
      // a frozen filter does not change, so its penalty would only move the loss
      if (l2 > 0 && !variables.freeze.isFrozen(weights.name)) {
        context.regularizationLosses.push(mul(l2Loss(weights.value), l2))
        context.l2.set(weights.name, l2)
      }
      return biases ? biasAdd(product, valueIn(dtype, biases)) : product
    })
    context.convPaths.set(y, path)
    const isNormalizedByBatch = norm === 'batch' && mode === 'training'
    if (norm === 'batch') {
      // in training, one op does all of it
      const following = isNormalizedByBatch ? { added, activation } : {}
      y = batchNorm(y, `${name}/BatchNorm`, following)
    }
    const summand = y
    if (!isNormalizedByBatch) {
      y = graph.nameScope(path, () => activate(added ? add(added(), y) : y, activation))
    }
    if (endPoint) context.endPoints.set(path, added ? summand : y)
    return y
  }

  function batchNorm(x: Tensor, name: string, options?: BatchNormOptions): Tensor {
    return batchNormOfSum(x, null, name, options).output
  }

  function batchNormOfSum(
    x: Tensor,
    before: Tensor | null,
    name: string,
    options: BatchNormOptions = {},
  ): SumAndOutput {
    const resolved = { momentum: 0.9, epsilon: 1e-3, ...defaults.batchNorm, ...options }
    const { momentum, epsilon, added, activation = null } = resolved
    const path = prefix + name
    const sumUp = () => (before ? add(x, before) : x)
    const finish = (y: Tensor) => activate(added ? add(added(), y) : y, activation)
    if (folds.some(({ norm }) => norm === path)) return { sum: x, output: finish(x) }
    const channels = rank4(`${path}: the input`, x.shape)[3]
    const create = (part: string, init: Initializer, trainable: boolean): Variable =>
      variables.get(`${path}/${part}`, [channels], init, { trainable })

    const beta = create('beta', zeros, true)
    const gamma = create('gamma', ones, true)
    const mean = create('moving_mean', zeros, false)
    const variance = create('moving_variance', ones, false)
    const inference = mode === 'inference'
    // a frozen layer also normalizes by its frozen statistics; otherwise its output would change
    if (inference || variables.freeze.isFrozen(mean.name)) {
      const sum = sumUp()
      const conv = context.convPaths.get(sum)
      if (inference && conv) context.foldCandidates.push({ conv, norm: path, epsilon, x: sum })
      const [scale, offset, ...statistics] = [gamma, beta, mean, variance].map(({ value }) => value)
      const y = graph.nameScope(path, () =>
        batchNormInference(sum, scale!, offset!, statistics[0]!, statistics[1]!, epsilon),
      )
      return { sum, output: finish(y) }
    }
    const after = added?.()
    return graph.nameScope(path, () => {
      const normalizeOptions = { epsilon, activation, before: before ?? undefined, after }
      const normalized = normalize(x, gamma.value, beta.value, normalizeOptions)
      const statistics = [
        { average: mean, value: normalized.batchMean, momentum },
        { average: variance, value: normalized.batchVariance, momentum },
      ]
      context.statistics.push(...statistics)
      context.updates.push(...statistics.map(moveAverage))
      return normalized
    })
  }

  function dropout(x: Tensor, name: string, options: DropoutOptions = {}): Tensor {
    const { rate = 0.5 } = { ...defaults.dropout, ...options }
    if (mode === 'inference' || rate === 0) return x
    const path = prefix + name
    check(rng !== undefined, `${path}: dropout in training needs a seed and a step to draw from`)
    return graph.nameScope(path, () => {
      const seed = add(rng.seed, nameHash(path))
      return drop(x, rate, { seed, index: rng.step })
    })
  }

  return {
    conv2d,
    batchNorm,
    batchNormOfSum,
    dropout,
    argScope: overrides =>
      layersInScope(context, prefix, {
        conv2d: { ...defaults.conv2d, ...overrides.conv2d },
        batchNorm: { ...defaults.batchNorm, ...overrides.batchNorm },
        dropout: { ...defaults.dropout, ...overrides.dropout },
      }),
    scope: name => layersInScope(context, `${prefix}${name}/`, defaults),
    updates: context.updates,
    statistics: context.statistics,
    regularizationLosses: context.regularizationLosses,
    l2: context.l2,
    endPoint(x) {
      context.endPoints.set(prefix.slice(0, -1), x)
      return x
    },
    endPoints: context.endPoints,
    get folds() {
      return foldableBatchNorms(context)
    },
  }
}

const activate = (x: Tensor, activation: Activation | null): Tensor =>
  activation ? activations[activation](x) : x

function foldableBatchNorms({ variables, foldCandidates }: LayerContext): Fold[] {
  const useCounts = new Map<Tensor, number>()
  for (const { inputs } of variables.graph.nodes) {
    for (const input of inputs) useCounts.set(input, (useCounts.get(input) ?? 0) + 1)
  }
  return foldCandidates
    .filter(({ x }) => useCounts.get(x) === 1)
    .map(({ conv, norm, epsilon }) => ({ conv, norm, epsilon }))
}

/** Moves an average towards the statistic of a batch, or the mean statistic of several. */
export const moveAverage = ({ average, value, momentum }: BatchStatistic): Node =>
  assignSub(average, mul(sub(average.value, value), 1 - momentum))
