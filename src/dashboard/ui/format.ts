import { useEffect, useState } from 'preact/hooks'
import * as units from '../../presentation/units.js'
import type { MetricValue } from '../../spec/metrics.js'

/** A measured value with five significant digits. */
export const formatMetric = (value: MetricValue | null | undefined): string =>
  units.formatMetricTo(5, value)

export const formatPercent = (share: number | null | undefined, digits = 1): string =>
  share === null || share === undefined ? units.missing : `${(share * 100).toFixed(digits)} %`

export const formatBytes = (bytes: number | null | undefined): string =>
  bytes === null || bytes === undefined ? units.missing : units.formatBytes(bytes)

export const formatDuration = (seconds: number | null | undefined): string =>
  seconds === null || seconds === undefined ? units.missing : units.formatDuration(seconds)

const dateTime = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' })
/** A message of the server, which marks commands and settings as Markdown does. */
export const plainText = (message: string): string => message.replaceAll('`', '')

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
