import { formatMetric } from '../ui/format.js'
import type { Value } from './settings.js'

export interface AxisScale {
  isLog: boolean
  /** From 0 to 1; null for a value that the axis cannot show. */
  place: (value: Value) => number | null
  ticks: readonly { place: number; text: string }[]
}

const logSpan = 50

/**
 * An axis over values: linear for numbers, logarithmic where positive ones lie far apart, such as learning rates,
 * and one place for each value where not all are numbers.
 */
export function axisScale(all: readonly Value[]): AxisScale {
  const values = all.filter(value => value !== undefined)
  const numbers = values.filter(value => typeof value === 'number' && Number.isFinite(value))
  return numbers.length > 0 && values.every(value => typeof value === 'number')
    ? numberScale(numbers as number[])
    : categoryScale(values)
}

function numberScale(numbers: readonly number[]): AxisScale {
  const min = numbers.reduce((a, b) => Math.min(a, b))
  const max = numbers.reduce((a, b) => Math.max(a, b))
  const isLog = min > 0 && max / min >= logSpan
  const toLine = isLog ? Math.log10 : (value: number) => value
  const [low, high] = [toLine(min), toLine(max)]
  const placeOf = (value: number) => (high === low ? 0.5 : (toLine(value) - low) / (high - low))
  return {
    isLog,
    place: value =>
      typeof value === 'number' && Number.isFinite(value) && (!isLog || value > 0)
        ? placeOf(value)
        : null,
    ticks: (isLog ? powersOfTen(min, max) : evenTicks(min, max)).map(value => ({
      place: placeOf(value),
      text: formatMetric(Number(value.toPrecision(6))),
    })),
  }
}

function categoryScale(values: readonly Value[]): AxisScale {
  const names = [...new Set(values.map(String))].sort((a, b) =>
    a.localeCompare(b, 'en', { numeric: true }),
  )
  const placeOf = (index: number) => (names.length < 2 ? 0.5 : index / (names.length - 1))
  return {
    isLog: false,
    place: value => {
      const index = value === undefined ? -1 : names.indexOf(String(value))
      return index < 0 ? null : placeOf(index)
    },
    ticks: names.map((text, index) => ({ place: placeOf(index), text })),
  }
}

/** Round numbers, with the ends of the axis if there are none between. */
function evenTicks(min: number, max: number): number[] {
  if (min === max) return [min]
  const rough = (max - min) / 4
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map(each => each * power).find(each => each >= rough)!
  const ticks: number[] = []
  for (let tick = Math.ceil(min / step) * step; tick <= max; tick += step) ticks.push(tick)
  return ticks
}

function powersOfTen(min: number, max: number): number[] {
  const ticks: number[] = []
  for (let power = Math.ceil(Math.log10(min)); 10 ** power <= max; power += 1) {
    ticks.push(10 ** power)
  }
  return ticks.length > 1 ? ticks : [min, max]
}
