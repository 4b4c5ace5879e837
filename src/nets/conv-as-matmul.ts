// Convolutions that are matrix products: the same sums, without the copies of the filter into
// the kernels' own layouts, which for small images take as long as the arithmetic.
import type { Tensor } from '../graph/graph.js'
import { reshape } from '../graph/ops/array.js'
import { conv2d, type Margins, type Padding } from '../graph/ops/conv.js'
import { matMul } from '../graph/ops/matmul.js'
import { everyNth } from '../graph/ops/patches.js'
import { isStatic, rank4 } from '../graph/shape.js'

interface WindowOptions {
  stride: number
  padding: Padding | Margins
  /** Pixel by pixel, too, where the number of images is known; inference leaves those to be fused. */
  pointwise: boolean
}

/** x [n, h, w, in] with filter [k, k, in, out] → [n, h', w', out]. */
export function windows(
  x: Tensor,
  filter: Tensor,
  { stride, padding, pointwise }: WindowOptions,
): Tensor {
  const [kernel, , channels, filters] = rank4('the filter', filter.shape)
  const [images, height, width] = rank4('the input', x.shape)
  const unpadded = padding === 'VALID' || (padding === 'SAME' && kernel === 1)
  const product = (rows: Tensor, [n, h, w]: readonly [number, number, number]) => {
    const size = kernel * kernel * channels
    const columns = reshape(filter, [size, filters])
    return reshape(matMul(reshape(rows, [n < 0 ? -1 : n * h * w, size]), columns), [
      n,
      h,
      w,
      filters,
    ])
  }
  if (unpadded && height === kernel && width === kernel) return product(x, [images, 1, 1])
  const even = height % stride === 0 && width % stride === 0
  if (!pointwise || kernel !== 1 || !unpadded || !even || !isStatic(x.shape)) {
    return conv2d(x, filter, { stride, padding })
  }
  const size = [images, height / stride, width / stride] as const
  return product(everyNth(x, stride), size)
}
