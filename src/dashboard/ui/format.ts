import { useEffect, useState } from 'preact/hooks'
import type { MetricValue } from '../../spec/metrics.js'

const missing = '–'

/** A measured value with five significant digits: `0.98712`, `1.2e-7`, `NaN`. */
export function formatMetric(value: MetricValue | null | undefined): string {
  if (value === null || value === undefined) return missing
  const number = Number(value)
  if (!Number.isFinite(number)) return String(value)
  if (Number.isInteger(number) && Math.abs(number) < 1e9) return formatCount(number)
  const size = Math.abs(number)
  return size < 1e-4 || size >= 1e6
    ? number.toExponential(3).replace(/\.?0+e/, 'e')
    : String(Number(number.toPrecision(5)))
}

const counts = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
export const formatCount = (count: number): string => counts.format(count)

export const formatPercent = (share: number | null | undefined, digits = 1): string =>
  share === null || share === undefined ? missing : `${(share * 100).toFixed(digits)} %`

const byteUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
export function formatBytes(bytes: number | null | undefined): string {
  if (bytes === null || bytes === undefined) return missing
  const power = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), byteUnits.length - 1)
  const value = bytes / 1024 ** power
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${byteUnits[power]}`
}

/** Two units at most: `45 s`, `3 min 20 s`, `2 h 5 min`, `4 d 2 h`. */
export function formatDuration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined) return missing
  if (seconds < 1) return seconds <= 0 ? '0 s' : '< 1 s'
  const whole = Math.round(seconds)
  const units: [string, number][] = [
    ['d', 86_400],
    ['h', 3600],
    ['min', 60],
    ['s', 1],
  ]
  const first = units.findIndex(([, size]) => whole >= size)
  const [name, size] = units[first]!
  const next = units[first + 1]
  const rest = next && Math.floor((whole % size) / next[1])
  return `${Math.floor(whole / size)} ${name}${rest ? ` ${rest} ${next[0]}` : ''}`
}

const dateTime = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' })
export const formatTime = (time: string | number): string => dateTime.format(new Date(time))

/** `just now`, `5 min ago`, `3 d ago`. */
export function formatAge(time: string, now: number): string {
  const seconds = (now - Date.parse(time)) / 1000
  if (seconds < 10) return 'just now'
  return `${formatDuration(seconds).split(' ').slice(0, 2).join(' ')} ago`
}

/** The present time, which changes every `ms`: for ages and durations that grow. */
export function useNow(ms = 1000): number {
  const [now, setNow] = useState(Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), ms)
    return () => clearInterval(timer)
  }, [ms])
  return now
}
