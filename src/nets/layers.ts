// Layers as values, after TF-Slim: a scope is a new set of layers, nothing is global.
import type { Node, Tensor } from '../graph/graph.js'
import { batchNormInference, batchNormTraining } from '../graph/ops/batch-norm.js'
import { conv2d as convolve, type Margins, type Padding } from '../graph/ops/conv.js'
import { l2Loss, mul, sub } from '../graph/ops/math.js'
import { biasAdd } from '../graph/ops/matmul.js'
import { reduceMean } from '../graph/ops/reduce.js'
import { assignSub, type Variable } from '../graph/ops/state.js'
import { rank4, type Shape } from '../graph/shape.js'
import { he, type Initial, ones, zeros } from './initial.js'
import type { Variables } from './variables.js'

export interface ConvOptions {
  stride?: number
  padding?: Padding | Margins
  /** Batch norm takes the place of the bias. */
  norm?: 'batch' | null
  activation?: ((x: Tensor) => Tensor) | null
  bias?: boolean
  initial?: Initial
  /** Weight of half the filter's sum of squares in `penalties`. */
  l2?: number
}

export interface BatchNormOptions {
  /** How much of the moving averages a step keeps. */
  momentum?: number
  epsilon?: number
}

export interface LayerDefaults {
  conv2d?: ConvOptions
  batchNorm?: BatchNormOptions
}

/** Training normalises by the batch and moves the averages; inference normalises by the averages. */
export type Mode = 'training' | 'inference'

export interface Layers {
  /** x [n, h, w, in] → [n, h', w', filters]; variables `weights`, `biases` or `BatchNorm/...`. */
  conv2d(x: Tensor, name: string, filters: number, kernel: number, options?: ConvOptions): Tensor
  /** Variables `gamma`, `beta`, `moving_mean` and `moving_variance`. */
  batchNorm(x: Tensor, name: string, options?: BatchNormOptions): Tensor
  /** The same layers with other defaults. */
  argScope(defaults: LayerDefaults): Layers
  /** The same layers under a longer name. */
  scope(name: string): Layers
  /** What a training step must also run: the moving averages of all layers made so far. */
  readonly updates: readonly Node[]
  /** Scalars to add to the loss. */
  readonly penalties: readonly Tensor[]
}

interface Build {
  readonly variables: Variables
  readonly mode: Mode
  readonly updates: Node[]
  readonly penalties: Tensor[]
}

export function createLayers(variables: Variables, mode: Mode): Layers {
  return layersIn({ variables, mode, updates: [], penalties: [] }, '', {})
}

/** x [n, h, w, channels] → [n, channels]. */
export const globalPool = (x: Tensor): Tensor => reduceMean(x, [1, 2])

function layersIn(build: Build, prefix: string, defaults: LayerDefaults): Layers {
  const { graph } = build.variables

  function conv2d(
    x: Tensor,
    name: string,
    filters: number,
    kernel: number,
    options: ConvOptions = {},
  ): Tensor {
    const all = { ...defaults.conv2d, ...options }
    const { stride = 1, padding = 'SAME', norm = null, activation = null, initial = he } = all
    const { bias = norm === null, l2 = 0 } = all
    const path = prefix + name
    const channels = rank4(`${path}: the input`, x.shape)[3]
    const create = (part: string, shape: Shape, first: Initial): Variable =>
      build.variables.get(`${path}/${part}`, shape, first)

    const weights = create('weights', [kernel, kernel, channels, filters], initial)
    let y = graph.within(path, () => convolve(x, weights.value, { stride, padding }))
    if (norm === 'batch') y = batchNorm(y, `${name}/BatchNorm`)
    if (bias) {
      const biases = create('biases', [filters], zeros)
      y = graph.within(path, () => biasAdd(y, biases.value))
    }
    if (l2 > 0) {
      const penalty = graph.within(path, () => mul(l2Loss(weights.value), l2))
      build.penalties.push(penalty)
    }
    return activation ? graph.within(path, () => activation(y)) : y
  }

  function batchNorm(x: Tensor, name: string, options: BatchNormOptions = {}): Tensor {
    const { momentum = 0.9, epsilon = 1e-3 } = { ...defaults.batchNorm, ...options }
    const path = prefix + name
    const channels = rank4(`${path}: the input`, x.shape)[3]
    const create = (part: string, first: Initial, trainable: boolean): Variable =>
      build.variables.get(`${path}/${part}`, [channels], first, { trainable })

    const beta = create('beta', zeros, true)
    const gamma = create('gamma', ones, true)
    const mean = create('moving_mean', zeros, false)
    const variance = create('moving_variance', ones, false)
    return graph.within(path, () => {
      // frozen statistics are also what normalises, or the layer would not be what it was
      if (build.mode === 'inference' || build.variables.freeze.has(mean.name)) {
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

  return {
    conv2d,
    batchNorm,
    argScope: more =>
      layersIn(build, prefix, {
        conv2d: { ...defaults.conv2d, ...more.conv2d },
        batchNorm: { ...defaults.batchNorm, ...more.batchNorm },
      }),
    scope: name => layersIn(build, `${prefix}${name}/`, defaults),
    updates: build.updates,
    penalties: build.penalties,
  }
}

const follow = (average: Variable, seen: Tensor, momentum: number): Node =>
  assignSub(average, mul(sub(average.value, seen), 1 - momentum))
