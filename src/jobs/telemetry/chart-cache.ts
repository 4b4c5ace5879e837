/** Characters of all texts together; a chart of a metric with 500 points has about 40,000. */
const maxChars = 16 * 2 ** 20

interface Kept {
  state: string
  text: string
}

/**
 * The charts that were asked for last, as texts of answers: those of an ended job never change, and to read and
 * serialize one takes milliseconds.
 */
export class ChartCache {
  private readonly kept = new Map<string, Kept>()
  private chars = 0

  /** `key`: of what the chart is. `state`: all that it depends on; the text that was made for another one is dropped. */
  async text(key: string, state: string, make: () => Promise<string>): Promise<string> {
    const known = this.kept.get(key)
    if (known?.state === state) {
      // the last of the map is the one used last
      this.kept.delete(key)
      this.kept.set(key, known)
      return known.text
    }
    const text = await make()
    this.drop(key)
    this.kept.set(key, { state, text })
    this.chars += text.length
    for (const oldest of this.kept.keys()) {
      if (this.chars <= maxChars) break
      this.drop(oldest)
    }
    return text
  }

  private drop(key: string): void {
    this.chars -= this.kept.get(key)?.text.length ?? 0
    this.kept.delete(key)
  }
}
