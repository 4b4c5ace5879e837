// Dates and times of typed files as ISO 8601 texts.

const nanosPerDay = 86_400_000_000_000n
const nanosPerSecond = 1_000_000_000n

/** `days` since 1970. Years beyond 9999 have a sign and six digits. */
export function formatDate(days: number): string {
  const date = new Date(days * 86_400_000)
  if (Number.isNaN(date.getTime()))
    throw new Error(`it has a day ${days} after 1970, which is none`)
  return date.toISOString().split('T')[0]!
}

/** Nanoseconds since midnight, without zeros at the end of the fraction: 12:30:00.5. */
export function formatTime(nanos: bigint): string {
  if (nanos < 0n || nanos >= nanosPerDay)
    throw new Error(`it has a time ${nanos} ns after midnight`)
  const seconds = Number(nanos / nanosPerSecond)
  const fraction = String(nanos % nanosPerSecond)
    .padStart(9, '0')
    .replace(/0+$/, '')
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
  const time = parts.map(part => String(part).padStart(2, '0')).join(':')
  return fraction === '' ? time : `${time}.${fraction}`
}

/** Nanoseconds since 1970. An instant ends in Z; a time of no zone does not. */
export function formatTimestamp(nanos: bigint, isUtc: boolean): string {
  const rest = ((nanos % nanosPerDay) + nanosPerDay) % nanosPerDay
  const days = Number((nanos - rest) / nanosPerDay)
  return `${formatDate(days)}T${formatTime(rest)}${isUtc ? 'Z' : ''}`
}
