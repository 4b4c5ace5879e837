import type { MetricPoint } from '../../spec/metrics.js'
import type { Series } from '../ui/line-chart.js'
import { smooth } from './smooth.js'
import { type Run, type XKind, xValues } from './x-axis.js'

export interface CurveOptions {
  x: XKind
  /** Weight of the moving average, from 0 to below 1. */
  smoothing: number
  isLogX: boolean
  isLogY: boolean
}

interface CurveStyle {
  key: string
  label: string
  colour?: number
  isDashed?: boolean
}

/**
 * A measured curve as the chart draws it; smoothed, with the measured one pale behind it. NaN, Infinity and what a
 * logarithmic axis cannot show are gaps.
 */
export function curveOf(
  style: CurveStyle,
  points: readonly MetricPoint[],
  run: Run,
  { x: kind, smoothing, isLogX, isLogY }: CurveOptions,
): Series[] {
  const all = xValues(points, kind, run)
  // clocks of workers differ, and curves must not run backwards
  const shown = points
    .map((point, i) => ({ x: all[i]!, y: plotted(point, isLogY) }))
    .filter(({ x }) => Number.isFinite(x) && (!isLogX || x > 0))
    .sort((a, b) => a.x - b.x)
  const x = shown.map(point => point.x)
  const y = shown.map(point => point.y)
  const curve = { ...style, x, y: smooth(y, smoothing) }
  return smoothing > 0
    ? [{ ...style, key: `${style.key} measured`, isFaint: true, x, y }, curve]
    : [curve]
}

function plotted({ value }: MetricPoint, isLog: boolean): number | null {
  const number = Number(value)
  return !Number.isFinite(number) || (isLog && number <= 0) ? null : number
}

/** How many points of a metric are not finite: a chart cannot show them, so it says so. */
export const countNonFinite = (points: readonly MetricPoint[]): number =>
  points.filter(({ value }) => !Number.isFinite(Number(value))).length
