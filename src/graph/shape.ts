import { check } from './graph-error.js'

/** Sizes of the dimensions, outermost first. -1 is a size that is known only at run time. */
export type Shape = readonly number[]

export const formatShape = (shape: Shape): string =>
  `[${shape.map(extent => (extent < 0 ? '?' : extent)).join(', ')}]`

export const isStatic = (shape: Shape): boolean => shape.every(extent => extent >= 0)

export const sizeOf = (shape: Shape): number => shape.reduce((size, extent) => size * extent, 1)

export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((extent, i) => extent === b[i])

/** Whether one tensor can have both shapes. An unknown size matches any. */
export const isCompatible = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((extent, i) => extent === b[i] || extent < 0 || b[i]! < 0)

type Rank4 = readonly [number, number, number, number]

export function rank4(label: string, shape: Shape): Rank4 {
  check(shape.length === 4, `${label} must have 4 dimensions, its shape is ${formatShape(shape)}`)
  return shape as Rank4
}

export function rank2(label: string, shape: Shape): readonly [number, number] {
  check(shape.length === 2, `${label} must have 2 dimensions, its shape is ${formatShape(shape)}`)
  return shape as readonly [number, number]
}

/** The shape of an elementwise result, by NumPy's broadcasting rules. */
export function broadcastShapes(label: string, a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length)
  return Array.from({ length: rank }, (_, i) => {
    const x = a[i - rank + a.length] ?? 1
    const y = b[i - rank + b.length] ?? 1
    check(
      x === y || x === 1 || y === 1 || x < 0 || y < 0,
      `${label}: shapes ${formatShape(a)} and ${formatShape(b)} do not fit together`,
    )
    return x === 1 ? y : y === 1 ? x : Math.max(x, y)
  })
}

/** Axes from 0, ascending. Negative axes count from the end. */
export function normalizeAxes(label: string, axes: readonly number[], rank: number): number[] {
  const normalized = axes.map(axis => (axis < 0 ? axis + rank : axis)).sort((a, b) => a - b)
  check(
    normalized.every((axis, i) => axis >= 0 && axis < rank && axis !== normalized[i + 1]),
    `${label}: axes [${axes.join(', ')}] do not name different dimensions of a tensor of rank ${rank}`,
  )
  return normalized
}
