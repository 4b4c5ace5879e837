import type { MetricValue } from '../../spec/metrics.js'

export const missing = '–'

/** A measured value with four significant digits: `0.9871`, `1.2e-7`, `NaN`. */
export function formatMetric(value: MetricValue | null | undefined): string {
  if (value === null || value === undefined) return missing
  const number = Number(value)
  if (!Number.isFinite(number)) return String(value)
  if (Number.isInteger(number) && Math.abs(number) < 1e9) return formatCount(number)
  const size = Math.abs(number)
  return size < 1e-4 || size >= 1e6
    ? number.toExponential(2).replace(/\.?0+e/, 'e')
    : String(Number(number.toPrecision(4)))
}

const counts = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
export const formatCount = (count: number): string => counts.format(count)

/** `1 job`, `3 jobs`. */
export const countOf = (count: number, one: string, many = `${one}s`): string =>
  `${formatCount(count)} ${count === 1 ? one : many}`

/** Never 100 before the end. */
export const formatPercent = (share: number): string => `${Math.floor(share * 100)} %`

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
  const whole = Math.round(seconds)
  if (whole < 1) return seconds <= 0 ? '0 s' : '< 1 s'
  const first = timeUnits.findIndex(([, size]) => whole >= size)
  const [name, size] = timeUnits[first]!
  const next = timeUnits[first + 1]
  const rest = next ? Math.floor((whole % size) / next[1]) : 0
  return `${Math.floor(whole / size)} ${name}${rest > 0 ? ` ${rest} ${next![0]}` : ''}`
}

/** One unit: `12 s`, `3 min`, `2 d`. */
export const formatAge = (time: string, now = Date.now()): string =>
  formatDuration(Math.max(0, (now - Date.parse(time)) / 1000))
    .split(' ')
    .slice(0, 2)
    .join(' ')

/** In the time zone of this machine: `2026-11-30 14:36:05`. */
export function formatTime(time: string): string {
  const date = new Date(time)
  const two = (number: number) => String(number).padStart(2, '0')
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-')
  return `${day} ${formatClock(time)}`
}

/** `14:36:05`. */
export function formatClock(time: string): string {
  const date = new Date(time)
  return [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map(number => String(number).padStart(2, '0'))
    .join(':')
}
