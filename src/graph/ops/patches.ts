import type { Tensor } from '../graph.js'
import { check } from '../graph-error.js'
import { formatShape, rank4, type Shape } from '../shape.js'
import { concat, pad, reshape, slice } from './array.js'
import type { ConvAttrs } from './conv.js'

interface PatchOptions extends ConvAttrs {
  /** Rows and columns of the output. */
  size: readonly [height: number, width: number]
  /** Whether a patch has its pixels in the reverse order, the last row's last one first. */
  reversed?: boolean
}

/** im2col: x [n, h, w, c] → [n, h', w', kh * kw * c], what a filter [kh, kw, c, ...] reads. */
export function extractPatches(
  x: Tensor,
  [kh, kw]: Shape,
  { size, stride, padding, reversed = false }: PatchOptions,
): Tensor {
  const [n, height, width, channels] = rank4('extractPatches: the input', x.shape)
  const [before, after] = [[0], [0]] as [number[], number[]]
  for (const [i, [extent, kernel]] of [[height, kh!] as const, [width, kw!] as const].entries()) {
    const span = (size[i]! - 1) * stride + kernel
    const padBefore =
      typeof padding === 'object'
        ? [padding.top, padding.left][i]!
        : padding === 'SAME'
          ? Math.max(0, span - extent) >> 1
          : 0
    before.push(padBefore)
    // also pads after the last window, so that `stridedSlice` can divide the sides by the stride
    after.push(Math.max(0, size[i]! * stride + kernel - 1 - extent - padBefore))
  }
  const padded = pad(x, [...before, 0], [...after, 0])
  const region = [n, size[0] * stride, size[1] * stride, channels]
  const shifted = Array.from({ length: kh! * kw! }, (_, i) =>
    stridedSlice(slice(padded, [0, Math.floor(i / kw!), i % kw!, 0], region), stride),
  )
  return concat(reversed ? shifted.reverse() : shifted, 3)
}

/**
 * Every nth row and column of x [n, h, w, c], starting with the first. Uses reshape and Slice,
 * since TensorFlow's StridedSlice kernel takes ten times as long.
 */
export function stridedSlice(x: Tensor, n: number): Tensor {
  if (n === 1) return x
  const [images, height, width, channels] = rank4('stridedSlice: the input', x.shape)
  check(
    height % n === 0 && width % n === 0,
    `stridedSlice: ${n} does not divide the sides of ${formatShape(x.shape)}`,
  )
  const [rows, columns] = [height / n, width / n]
  const blocks = reshape(x, [images, rows, n, columns, n, channels])
  const first = slice(blocks, [0, 0, 0, 0, 0, 0], [images, rows, 1, columns, 1, channels])
  return reshape(first, [images, rows, columns, channels])
}

/** The opposite of `stridedSlice`: the pixels of x [n, h, w, c] n apart, with zeros between them. */
export function spreadPixels(x: Tensor, n: number): Tensor {
  if (n === 1) return x
  const [images, rows, columns, channels] = rank4('spreadPixels: the input', x.shape)
  const blocks = reshape(x, [images, rows, 1, columns, 1, channels])
  const spread = pad(blocks, [0, 0, 0, 0, 0, 0], [0, 0, n - 1, 0, n - 1, 0])
  return reshape(spread, [images, rows * n, columns * n, channels])
}
