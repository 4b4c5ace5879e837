// How the command line and the dashboard write numbers for people.
import type { MetricValue } from '../spec/metrics.js'

export const missing = '–'

/** A measured value with so many significant digits: `0.9871`, `1.2e-7`, `NaN`. */
export function formatMetricTo(digits: number, value: MetricValue | null | undefined): string {
  if (value === null || value === undefined) return missing
  const number = Number(value)
  if (!Number.isFinite(number)) return String(value)
  if (Number.isInteger(number) && Math.abs(number) < 1e9) return formatCount(number)
  const size = Math.abs(number)
  return size < 1e-4 || size >= 1e6
    ? number.toExponential(digits - 2).replace(/\.?0+e/, 'e')
    : String(Number(number.toPrecision(digits)))
}

const counts = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
export const formatCount = (count: number): string => counts.format(count)

const byteUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
export function formatBytes(bytes: number): string {
  const power = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), byteUnits.length - 1)
  const value = bytes / 1024 ** power
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${byteUnits[power]}`
}

const timeUnits: readonly [string, number][] = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
  ['s', 1],
]

/** At most two units: `45 s`, `3 min 20 s`, `2 h 5 min`, `4 d 2 h`. */
export function formatDuration(seconds: number): string {
  if (seconds < 1) return seconds <= 0 ? '0 s' : '< 1 s'
  const whole = Math.round(seconds)
  const first = timeUnits.findIndex(([, size]) => whole >= size)
  const [name, size] = timeUnits[first]!
  const next = timeUnits[first + 1]
  const rest = next ? Math.floor((whole % size) / next[1]) : 0
  return `${Math.floor(whole / size)} ${name}${rest > 0 ? ` ${rest} ${next![0]}` : ''}`
}
