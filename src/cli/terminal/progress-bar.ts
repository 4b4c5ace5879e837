import { formatDuration } from '../../presentation/units.js'
import { textWidth } from './table.js'

/** How far a long work is. */
export interface Progress {
  /** Such as `sending flowers.tar`. */
  what: string
  /** From 0 to 1; null if nobody knows how much there is. */
  fraction: number | null
  /** Such as `12.3 of 29.1 MB`. */
  amount: string
  /** Such as `5.1 MB/s`; null if it is not known. */
  rate: string | null
  secondsLeft: number | null
}

const liveIntervalMs = 100
/** In a log file, a line as often as this. */
const logIntervalMs = 10_000
const widestBar = 24
const narrowestBar = 8
const defaultWidth = 80

/**
 * Draws progress over itself on a terminal; elsewhere, prints a line every ten seconds, so that a short work leaves
 * nothing in a log.
 */
export class ProgressBar {
  private readonly isLive: boolean
  private lastAt: number
  private isDrawn = false

  constructor(
    private readonly stream: NodeJS.WriteStream,
    { TERM }: NodeJS.ProcessEnv = {},
    private readonly now: () => number = () => performance.now(),
  ) {
    this.isLive = stream.isTTY === true && TERM !== 'dumb'
    this.lastAt = this.isLive ? Number.NEGATIVE_INFINITY : now()
  }

  draw(progress: Progress): void {
    const at = this.now()
    if (at - this.lastAt < (this.isLive ? liveIntervalMs : logIntervalMs)) return
    this.lastAt = at
    if (!this.isLive) {
      this.stream.write(`${progressText(progress, Number.POSITIVE_INFINITY)}\n`)
      return
    }
    // the last column stays free: some terminals wrap when it is written
    const width = (this.stream.columns || defaultWidth) - 1
    this.stream.write(`\r\x1b[K${progressText(progress, width)}`)
    this.isDrawn = true
  }

  /** Takes the bar off the terminal, so that other text can be printed. */
  clear(): void {
    if (this.isDrawn) this.stream.write('\r\x1b[K')
    this.isDrawn = false
    if (this.isLive) this.lastAt = Number.NEGATIVE_INFINITY
  }
}

/** One line of at most `width` characters. What has no room is left out, the least important first. */
export function progressText(progress: Progress, width: number): string {
  const { what, fraction, amount, rate, secondsLeft } = progress
  const percent = fraction === null ? '' : `${String(Math.floor(fraction * 100)).padStart(3)} %`
  const left = secondsLeft === null ? '' : `${formatDuration(secondsLeft)} left`
  const ways = [
    [what, percent, amount, rate ?? '', left],
    [what, percent, amount, left],
    [what, percent, left],
    [what, percent],
    [percent],
  ].map(parts => parts.filter(part => part !== '').join('  '))
  const text = ways.find(each => textWidth(each) <= width) ?? ''
  if (fraction === null || !Number.isFinite(width)) return text
  const room = Math.min(widestBar, width - textWidth(text) - 2)
  if (room < narrowestBar) return text
  const filled = Math.round(Math.min(1, Math.max(0, fraction)) * room)
  return `${'█'.repeat(filled)}${'░'.repeat(room - filled)}  ${text}`
}
