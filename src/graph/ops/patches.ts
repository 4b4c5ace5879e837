import type { Tensor } from '../graph.js'
import { check } from '../graph-error.js'
import { describe, rank4, type Shape } from '../shape.js'
import { concat, pad, reshape, slice } from './array.js'

interface Windows {
  /** Rows and columns that come out. */
  size: readonly [height: number, width: number]
  stride: number
  padding: 'SAME' | 'VALID'
}

/** x [n, h, w, c] → [n, h', w', kh * kw * c]: what a filter [kh, kw, c, ...] sees from each pixel. */
export function windowsOf(x: Tensor, [kh, kw]: Shape, { size, stride, padding }: Windows): Tensor {
  const [n, height, width, channels] = rank4('windowsOf', x.shape)
  const [before, after] = [[0], [0]] as [number[], number[]]
  for (const [i, [extent, kernel]] of [[height, kh!] as const, [width, kw!] as const].entries()) {
    const reach = (size[i]! - 1) * stride + kernel
    const margin = padding === 'SAME' ? Math.max(0, reach - extent) >> 1 : 0
    before.push(margin)
    // beyond the last window, too, so that every nth pixel is a slice of its own
    after.push(Math.max(0, size[i]! * stride + kernel - 1 - extent - margin))
  }
  const padded = pad(x, [...before, 0], [...after, 0])
  const region = [n, size[0] * stride, size[1] * stride, channels]
  const shifted = Array.from({ length: kh! * kw! }, (_, i) =>
    everyNth(slice(padded, [0, Math.floor(i / kw!), i % kw!, 0], region), stride),
  )
  return concat(shifted, 3)
}

/**
 * Every nth row and column of x [n, h, w, c], from the first. A plain slice of six dimensions: the
 * kernel that knows strides takes ten times as long.
 */
export function everyNth(x: Tensor, n: number): Tensor {
  if (n === 1) return x
  const [images, height, width, channels] = rank4('everyNth', x.shape)
  check(
    height % n === 0 && width % n === 0,
    `everyNth: ${n} does not divide the sides of ${describe(x.shape)}`,
  )
  const [rows, columns] = [height / n, width / n]
  const apart = reshape(x, [images, rows, n, columns, n, channels])
  const first = slice(apart, [0, 0, 0, 0, 0, 0], [images, rows, 1, columns, 1, channels])
  return reshape(first, [images, rows, columns, channels])
}
