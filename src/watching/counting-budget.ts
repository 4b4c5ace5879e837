/** Values that are counted in one request at most: some 0.3 ms of the event loop. */
const maxPerRequest = 20_000
/** Values that are counted in a second, all models together: some 2 % of a core. */
const perSecond = 2_000_000

/** Bounds the time that counting takes. */
export class CountingBudget {
  private left = perSecond
  private refilledAt = performance.now()

  /** Every how many rows of a request are counted; null for none, if the last second has had too many. */
  take(rows: number, valuesPerRow: number): number | null {
    const stride = Math.ceil((rows * valuesPerRow) / maxPerRequest) || 1
    const wanted = Math.ceil(rows / stride) * valuesPerRow
    if (wanted > this.left) this.refill()
    if (wanted > this.left) return null
    this.left -= wanted
    return stride
  }

  private refill(): void {
    const now = performance.now()
    this.left = Math.min(perSecond, this.left + ((now - this.refilledAt) / 1000) * perSecond)
    this.refilledAt = now
  }
}
