import type { Tensor } from '../graph.js'
import { elu, relu } from './activation.js'
import { batchNormTraining } from './batch-norm.js'
import { add } from './math.js'

export type Activation = 'relu' | 'elu'

export interface NormalizeOptions {
  readonly epsilon: number
  readonly activation?: Activation | null | undefined
  /** Added to the input; the sum is normalized. */
  readonly before?: Tensor | undefined
  /** Added to what has been normalized, before the activation. */
  readonly after?: Tensor | undefined
}

export interface Normalized {
  readonly output: Tensor
  /** What was normalized: the input, and what was added before. */
  readonly sum: Tensor
  readonly batchMean: Tensor
  /** With Bessel's correction, for moving averages. The output is normalized without it. */
  readonly batchVariance: Tensor
}

/** Batch norm in training: x [n, h, w, channels], normalized by the batch's statistics; scale and offset [channels]. */
export type Normalizer = (
  x: Tensor,
  scale: Tensor,
  offset: Tensor,
  options: NormalizeOptions,
) => Normalized

export const activations: Readonly<Record<Activation, (x: Tensor) => Tensor>> = { relu, elu }

/** With TensorFlow's ops. */
export const stockNormalize: Normalizer = (
  x,
  scale,
  offset,
  { epsilon, activation, before, after },
) => {
  const sum = before ? add(x, before) : x
  const { output, ...statistics } = batchNormTraining(sum, scale, offset, epsilon)
  const total = after ? add(after, output) : output
  return { output: activation ? activations[activation](total) : total, sum, ...statistics }
}
