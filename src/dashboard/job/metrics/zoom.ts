import type { XKind } from '../../charts/x-axis.js'
import { place, setQuery } from '../../place.js'

export type Range = readonly [min: number, max: number]

/** The part of the x axis that the charts show: `zoom=step:100,250` in the address. Another axis shows all. */
export function zoomOf(kind: XKind): Range | null {
  const [, axis, low, high] =
    /^(\w+):([-\d.e+]+),([-\d.e+]+)$/.exec(place.value.query.get('zoom') ?? '') ?? []
  const range = [Number(low), Number(high)] as const
  return axis === kind && range[0] < range[1] ? range : null
}

export function setZoom(kind: XKind, range: Range | null): void {
  const text = (value: number) => String(Number(value.toPrecision(8)))
  setQuery({ zoom: range && `${kind}:${text(range[0])},${text(range[1])}` })
}

/** The steps of a range of the axis; null if it counts no steps. */
export function stepsIn(range: Range, kind: XKind, stepsPerEpoch: number | null): Range | null {
  const scale = kind === 'step' ? 1 : kind === 'epoch' ? (stepsPerEpoch ?? 1) : null
  if (scale === null) return null
  return [Math.max(0, Math.floor(range[0] * scale)), Math.max(0, Math.ceil(range[1] * scale))]
}
