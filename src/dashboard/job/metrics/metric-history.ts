import type { LoggedRow, MetricPoint } from '../../../spec/metrics.js'

export type MetricPoints = Record<string, readonly MetricPoint[]>

/** Points of a metric that the history is asked for. */
export const historyPoints = 1000
/** If a metric has more, the page reads a down-sampled history again, so that its memory stays as it is. */
const mostPoints = 3000

/** The points of the metrics of a job: its history, and the rows that came since. */
export class MetricHistory {
  private points = new Map<string, MetricPoint[]>()

  /** Puts the history in place of all that is known. */
  reset(points: MetricPoints): void {
    this.points = new Map(Object.entries(points).map(([name, values]) => [name, [...values]]))
  }

  /** Rows come in the order of their steps. What the history has already is passed over. */
  append({ step, time, values }: LoggedRow): void {
    for (const [name, value] of Object.entries(values)) {
      const known = this.points.get(name)
      if (!known) this.points.set(name, [{ step, value, time }])
      else if (known.at(-1)!.step < step) known.push({ step, value, time })
    }
  }

  get isTooLong(): boolean {
    for (const points of this.points.values()) if (points.length > mostPoints) return true
    return false
  }

  /**
   * The id of a metrics event (docs/metrics.md) after which a stream begins with the rows of the last known step: a
   * step may have two rows, and the history may lie between them.
   */
  get streamFrom(): string | undefined {
    let last = 0
    for (const points of this.points.values()) last = Math.max(last, points.at(-1)?.step ?? 0)
    return last === 0 ? undefined : String(last * 2 - 1)
  }

  /** As they are now: later rows do not change it. */
  snapshot(): MetricPoints {
    return Object.fromEntries([...this.points].map(([name, points]) => [name, [...points]]))
  }
}
