/** As much as the clocks of hosts may differ. */
export const clocksDifferMs = 10 * 60_000

/** More than are ever watched at a time. */
const maxKeys = 10_000

/**
 * How long another host has not written a newer time, as this process has seen it. That host's clock may differ by
 * minutes, so a time alone tells only that something is much older.
 */
export class LastChange {
  private readonly seen = new Map<string, { time: string; at: number }>()

  /** At least 0 at the first look, and after each change. */
  silentMs(key: string, time: string): number {
    const surely = Date.now() - Date.parse(time) - clocksDifferMs
    return Math.max(0, surely, this.unchangedMs(key, time))
  }

  private unchangedMs(key: string, time: string): number {
    const now = performance.now()
    const known = this.seen.get(key)
    if (known?.time === time) return now - known.at
    this.seen.delete(key)
    this.seen.set(key, { time, at: now })
    if (this.seen.size > maxKeys) this.seen.delete(this.seen.keys().next().value!)
    return 0
  }
}
