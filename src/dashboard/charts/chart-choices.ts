import { place, setQuery } from '../place.js'
import { preference } from '../ui/preference.js'
import type { CurveOptions } from './curves.js'
import { type XKind, xKinds } from './x-axis.js'

export const maxSmoothing = 0.99

const isXKind = (value: unknown): value is XKind => xKinds.includes(value as XKind)
const isWeight = (value: unknown): value is number =>
  typeof value === 'number' && value >= 0 && value <= maxSmoothing
const isBoolean = (value: unknown) => typeof value === 'boolean'

const kept = {
  x: preference<XKind>('chart.x', 'step', isXKind),
  smoothing: preference('chart.smoothing', 0, isWeight),
  isLogX: preference('chart.log-x', false, isBoolean),
  isLogY: preference('chart.log-y', false, isBoolean),
}

/**
 * How charts are drawn. The browser keeps it, and parameters of the address win: `x`, `smooth`, `logX` and `logY`. A
 * component that calls this is drawn again after each change.
 */
export function chartChoices(): CurveOptions {
  const { query } = place.value
  const x = query.get('x')
  const smoothing = Number(query.get('smooth') ?? Number.NaN)
  return {
    x: isXKind(x) ? x : kept.x.value,
    smoothing: isWeight(smoothing) ? smoothing : kept.smoothing.value,
    isLogX: switchIn(query, 'logX') ?? kept.isLogX.value,
    isLogY: switchIn(query, 'logY') ?? kept.isLogY.value,
  }
}

function switchIn(query: URLSearchParams, name: string): boolean | null {
  const value = query.get(name)
  return value === '1' || value === '0' ? value === '1' : null
}

/** Changes how charts are drawn, here and from now on. */
export function setChartChoices(changes: Partial<CurveOptions>): void {
  if (changes.x !== undefined) kept.x.value = changes.x
  if (changes.smoothing !== undefined) kept.smoothing.value = changes.smoothing
  if (changes.isLogX !== undefined) kept.isLogX.value = changes.isLogX
  if (changes.isLogY !== undefined) kept.isLogY.value = changes.isLogY
  const flag = (value: boolean | undefined) => (value === undefined ? undefined : Number(value))
  const parameters = {
    x: changes.x,
    smooth: changes.smoothing,
    logX: flag(changes.isLogX),
    logY: flag(changes.isLogY),
  }
  setQuery(Object.fromEntries(Object.entries(parameters).filter(([, v]) => v !== undefined)))
}

/** Names the choices of this browser in the address, so that it shows others the same charts. */
export function nameChoicesInAddress(): void {
  const { x, smoothing, isLogX, isLogY } = chartChoices()
  setQuery({
    x: x === 'step' ? null : x,
    smooth: smoothing || null,
    logX: Number(isLogX) || null,
    logY: Number(isLogY) || null,
  })
}
