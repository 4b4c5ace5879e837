import type { LoggedRow } from '../../spec/metrics.js'
import type { Store } from '../../store/store.js'
import { extremes, type Sample } from './downsample.js'

const rowsAStretch = 256

/** So many rows of a metrics log, in short: one line of its outline. */
export interface Stretch {
  /** Where they are in the log, in bytes. */
  start: number
  end: number
  /** Their steps. */
  first: number
  last: number
  samples: Record<string, Sample[]>
}

/**
 * Writes a metrics log's outline beside it, from which charts of long logs are drawn. It is a
 * convenience: a stretch that a crash kept from being written is read from the log.
 */
export class Outliner {
  private rows: LoggedRow[] = []
  private end: number

  constructor(
    private readonly store: Store,
    private readonly key: string,
    /** Of the stretch that comes next: the log's length. */
    private start: number,
  ) {
    this.end = start
  }

  /** Of a row that the log has got. */
  async add(row: LoggedRow, bytes: number): Promise<void> {
    this.rows.push(row)
    this.end += bytes
    if (this.rows.length < rowsAStretch) return
    const { rows, start, end } = this
    this.rows = []
    this.start = end
    const [first, last] = [rows[0]!.step, row.step]
    const samples = mapSamples(samplesOf(rows), all => extremes(all, 1))
    const stretch: Stretch = { start, end, first, last, samples }
    await this.store.append(this.key, `${JSON.stringify(stretch)}\n`)
  }
}

export function samplesOf(rows: readonly LoggedRow[]): Record<string, Sample[]> {
  const samples: Record<string, Sample[]> = {}
  for (const { step, time, values } of rows) {
    const at = Date.parse(time)
    for (const [name, value] of Object.entries(values)) {
      samples[name] ??= []
      samples[name].push([step, value, at])
    }
  }
  return samples
}

const mapSamples = (
  samples: Record<string, Sample[]>,
  change: (all: Sample[]) => Sample[],
): Record<string, Sample[]> =>
  Object.fromEntries(Object.entries(samples).map(([name, all]) => [name, change(all)]))
