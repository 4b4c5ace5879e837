import { formatCount, formatDuration, formatMetricTo } from '../../presentation/units.js'
import type { MetricValue } from '../../spec/metrics.js'

/** A measured value with four significant digits. */
export const formatMetric = (value: MetricValue | null | undefined): string =>
  formatMetricTo(4, value)

/** `1 job`, `3 jobs`. */
export const countOf = (count: number, one: string, many = `${one}s`): string =>
  `${formatCount(count)} ${count === 1 ? one : many}`

/** Never 100 before the end. */
export const formatPercent = (share: number): string => `${Math.floor(share * 100)} %`

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
