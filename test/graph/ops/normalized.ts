import { gradients } from '../../../src/graph/autodiff.js'
import type { DType } from '../../../src/graph/dtype.js'
import { Graph, type Tensor } from '../../../src/graph/graph.js'
import { placeholder } from '../../../src/graph/ops/constant.js'
import { add, cast, mul } from '../../../src/graph/ops/math.js'
import { nativeNormalize } from '../../../src/graph/ops/native-batch-norm.js'
import { type Activation, stockNormalize } from '../../../src/graph/ops/normalize.js'
import { reduceSum } from '../../../src/graph/ops/reduce.js'
import { type Shape, sizeOf } from '../../../src/graph/shape.js'
import type { CleanupScope } from '../../../testing/temp-folder.js'
import { signedUniforms } from '../random.js'
import { openGraphSession } from '../tensorflow.js'

export const places = ['none', 'before', 'after'] as const

export interface Case {
  dtype: DType
  shape: Shape
  activation: Activation | null
  place: (typeof places)[number]
}

/** The outputs and gradients of a normalized sum, with either kernels. */
export async function openNormalized(
  scope: CleanupScope,
  { dtype, shape, activation, place }: Case,
) {
  const graph = new Graph()
  const channels = shape[3]!
  const input = (name: string, dims: Shape) => placeholder(graph, name, 'float32', dims)
  const inputs = {
    x: input('x', shape),
    added: input('added', shape),
    scale: input('scale', [channels]),
    offset: input('offset', [channels]),
    weights: input('weights', shape),
    sumWeights: input('sum_weights', shape),
  }
  const { x, added, scale, offset, weights, sumWeights } = inputs
  const outputsBy = (normalize: typeof nativeNormalize, prefix: string) =>
    graph.nameScope(prefix, () => {
      const { output, sum, batchMean, batchVariance } = normalize(cast(x, dtype), scale, offset, {
        epsilon: 1e-3,
        activation,
        ...(place === 'none' ? {} : { [place]: cast(added, dtype) }),
      })
      const weighted = (tensor: Tensor, by: Tensor) => reduceSum(mul(cast(tensor, 'float32'), by))
      const loss = weighted(output, weights)
      const total = place === 'before' ? add(loss, weighted(sum, sumWeights)) : loss
      const targets = place === 'none' ? [x, scale, offset] : [x, scale, offset, added]
      const [dx, dScale, dOffset, dAdded] = gradients(total, targets)
      const outputs = { y: cast(output, 'float32'), batchMean, batchVariance, dx, dScale, dOffset }
      const extra = {
        ...(dAdded && { dAdded }),
        ...(place === 'before' && { sum: cast(sum, 'float32') }),
      }
      return { ...outputs, ...extra } as Record<string, Tensor>
    })
  const session = await openGraphSession(scope, graph, {
    native: { inputs, outputs: outputsBy(nativeNormalize, 'native') },
    stock: { inputs, outputs: outputsBy(stockNormalize, 'stock') },
  })
  const feeds = feedsOf(shape)
  const names = ['y', 'batchMean', 'batchVariance', 'dx', 'dScale', 'dOffset']
  if (place !== 'none') names.push('dAdded')
  if (place === 'before') names.push('sum')
  return { session, feeds, names }
}

const feedsByShape = new Map<string, ReturnType<typeof makeFeeds>>()

/** Made once for each shape: arrays of numbers, made anew for each case, would take longer than the kernels. */
function feedsOf(shape: Shape) {
  const known = feedsByShape.get(String(shape)) ?? makeFeeds(shape)
  feedsByShape.set(String(shape), known)
  return known
}

function makeFeeds(shape: Shape) {
  const channels = shape[3]!
  const random = signedUniforms(shape.reduce((sum, extent) => sum + extent))
  const values = (dims: Shape, shift = 0, scaled = 1) => {
    const data = new Float32Array(sizeOf(dims))
    for (let i = 0; i < data.length; i++) data[i] = shift + scaled * random()
    return { data, shape: dims }
  }
  return {
    x: values(shape, 0.5, 3),
    added: values(shape),
    scale: values([channels], 1.5),
    offset: values([channels]),
    weights: values(shape),
    sumWeights: values(shape),
  }
}
