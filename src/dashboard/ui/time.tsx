import { formatAge, formatDuration, formatTime, useNow } from './format.js'

/** How long ago something was; the exact time is in its title. */
export function Age({ time }: { time: string }) {
  const now = useNow(10_000)
  return (
    <time dateTime={time} title={formatTime(time)}>
      {formatAge(time, now)}
    </time>
  )
}

/** The time between two others; up to now if there is no end yet. */
export function Duration({ from, to }: { from: string; to: string | null | undefined }) {
  const now = useNow(to ? 3_600_000 : 1000)
  return <>{formatDuration(((to ? Date.parse(to) : now) - Date.parse(from)) / 1000)}</>
}
