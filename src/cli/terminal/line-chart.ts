import { formatCount } from '../../presentation/units.js'
import { DotCanvas } from './dot-canvas.js'
import { formatMetric } from './format.js'

export interface Curve {
  points: readonly { step: number; value: number }[]
  paint: (text: string) => string
  /** What a terminal without braille draws. */
  symbol: string
}

export interface ChartOptions {
  /** Of the whole chart with its axes, in characters. */
  width: number
  /** Of the curves alone, in lines. */
  height: number
  isUnicode: boolean
  /** Values on a logarithmic axis, where they allow it. */
  isLogarithmic?: boolean
}

/**
 * Curves over steps as lines of text, with the range of both axes. NaN and Infinity are gaps. Empty if no value is
 * finite.
 */
export function lineChart(curves: readonly Curve[], options: ChartOptions): string[] {
  const finite = curves.flatMap(({ points }) =>
    points.filter(({ value }) => Number.isFinite(value)),
  )
  if (finite.length === 0) return []
  const isLog = options.isLogarithmic === true && finite.every(({ value }) => value > 0)
  const scale = isLog ? Math.log10 : (value: number) => value
  const y = rangeOf(finite.map(({ value }) => value))
  const x = rangeOf(finite.map(({ step }) => step))
  const labels = yLabels(y, options.height)
  const labelWidth = Math.max(...labels.map(label => label.length))
  const cells = Math.max(8, options.width - labelWidth - 2)
  const canvas = new DotCanvas(cells, options.height, options.isUnicode)
  const place = placer(x, mapRange(y, scale), canvas)
  for (const { points, ...pen } of curves) {
    let before: Dot | null = null
    for (const { step, value } of points) {
      const dot = Number.isFinite(scale(value)) ? place(step, scale(value)) : null
      if (dot) canvas.line(before ?? dot, dot, pen)
      before = dot
    }
  }
  const axis = options.isUnicode ? '┤' : '|'
  const body = canvas.rows().map((row, i) => `${labels[i]!.padStart(labelWidth)} ${axis}${row}`)
  const first = formatCount(x.min)
  const last = `${formatCount(x.max)}${isLog ? ' (log)' : ''}`
  const space = ' '.repeat(Math.max(1, cells - first.length - last.length))
  return [...body, `${' '.repeat(labelWidth + 2)}${first}${x.min === x.max ? '' : space + last}`]
}

/** The highest value at the top, the lowest at the bottom. */
function yLabels({ min, max }: Range, height: number): string[] {
  const labels = new Array<string>(height).fill('')
  if (min === max) labels[height >> 1] = formatMetric(min)
  else {
    labels[0] = formatMetric(max)
    labels[height - 1] = formatMetric(min)
  }
  return labels
}

interface Dot {
  x: number
  y: number
}

interface Range {
  min: number
  max: number
}

function rangeOf(values: readonly number[]): Range {
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const value of values) {
    min = Math.min(min, value)
    max = Math.max(max, value)
  }
  return { min, max }
}

const mapRange = ({ min, max }: Range, scale: (value: number) => number): Range => ({
  min: scale(min),
  max: scale(max),
})

/** Where a value lies on the canvas. A single value is in the middle. */
function placer(x: Range, y: Range, { dotsWide, dotsHigh }: DotCanvas) {
  const share = (value: number, { min, max }: Range) =>
    min === max ? 0.5 : (value - min) / (max - min)
  return (step: number, value: number): Dot => ({
    x: x.min === x.max ? 0 : Math.round(share(step, x) * (dotsWide - 1)),
    y: Math.round((1 - share(value, y)) * (dotsHigh - 1)),
  })
}
