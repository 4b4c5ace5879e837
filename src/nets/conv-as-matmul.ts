// Computes a convolution as a matrix product if the two are the same sums. TensorFlow's convolution
// kernels first copy the filter into their own layout, which for small images doubles the time.
import type { Tensor } from '../graph/graph.js'
import { reshape } from '../graph/ops/array.js'
import { conv2d, type ExplicitPadding, type Padding } from '../graph/ops/conv.js'
import { matMul } from '../graph/ops/matmul.js'
import { stridedSlice } from '../graph/ops/patches.js'
import { isStatic, rank4 } from '../graph/shape.js'

interface ConvAsMatMulOptions {
  stride: number
  padding: Padding | ExplicitPadding
  /**
   * Also converts 1x1 convolutions of a known batch size. Inference does not: TensorFlow fuses
   * them.
   */
  pointwise: boolean
}

/** x [n, h, w, in] with filter [k, k, in, out] → [n, h', w', out]; falls back to `conv2d`. */
export function conv2dAsMatMul(
  x: Tensor,
  filter: Tensor,
  { stride, padding, pointwise }: ConvAsMatMulOptions,
): Tensor {
  const [kernel, , channels, filters] = rank4('the filter', filter.shape)
  const [images, height, width] = rank4('the input', x.shape)
  const unpadded = padding === 'VALID' || (padding === 'SAME' && kernel === 1)
  const asMatMul = (rows: Tensor, [n, h, w]: readonly [number, number, number]) => {
    const size = kernel * kernel * channels
    const kernelMatrix = reshape(filter, [size, filters])
    return reshape(matMul(reshape(rows, [n < 0 ? -1 : n * h * w, size]), kernelMatrix), [
      n,
      h,
      w,
      filters,
    ])
  }
  if (unpadded && height === kernel && width === kernel) return asMatMul(x, [images, 1, 1])
  const divisible = height % stride === 0 && width % stride === 0
  if (!pointwise || kernel !== 1 || !unpadded || !divisible || !isStatic(x.shape)) {
    return conv2d(x, filter, { stride, padding })
  }
  const size = [images, height / stride, width / stride] as const
  return asMatMul(stridedSlice(x, stride), size)
}
