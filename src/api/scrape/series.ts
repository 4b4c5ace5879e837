// Counters and histograms of every request. prom-client checks the labels of each count and joins them to a key, which
// takes longer than to predict a row; here, who counts keeps what a combination of labels has counted.
import type { Counter, Registry } from 'prom-client'
import { addSharedHistogram, type Distribution } from './shared-histogram.js'

type Labels = Readonly<Record<string, string | number>>

/** What was counted with one combination of labels. */
export interface CounterSeries {
  readonly labels: Labels
  value: number
}

export interface MetricOptions {
  registry: Registry
  name: string
  help: string
}

/** A counter with labels. */
export class SeriesCounter {
  private readonly all = new Set<CounterSeries>()

  constructor({ registry, name, help }: MetricOptions) {
    const get = async () => ({
      name,
      help,
      type: 'counter',
      values: [...this.all],
      aggregator: 'sum',
    })
    // of a metric, the registry calls only this
    registry.registerMetric({ name, get } as unknown as Counter)
  }

  /** Begins to count with these labels, which no other series has. */
  add(labels: Labels): CounterSeries {
    const series = { labels, value: 0 }
    this.all.add(series)
    return series
  }

  remove(series: CounterSeries): void {
    this.all.delete(series)
  }
}

/** What was observed with one combination of labels. */
export class HistogramSeries implements Distribution {
  sum = 0
  /** By bucket; the last one is +Inf. */
  private readonly buckets: Float64Array

  constructor(
    readonly labels: Record<string, string>,
    private readonly bounds: readonly number[],
  ) {
    this.buckets = new Float64Array(bounds.length + 1)
  }

  observe(value: number): void {
    const { bounds } = this
    let bucket = 0
    while (bucket < bounds.length && value > bounds[bucket]!) bucket++
    this.buckets[bucket]!++
    this.sum += value
  }

  get counts(): ReadonlyMap<string, number> {
    const names = [...this.bounds.map(String), '+Inf']
    return new Map(names.map((name, bucket) => [name, this.buckets[bucket]!]))
  }
}

/** A histogram with labels. */
export class SeriesHistogram {
  private readonly all = new Set<HistogramSeries>()
  private readonly bounds: readonly number[]

  /** `buckets`: upper bounds, ascending, without +Inf. */
  constructor({ buckets, ...options }: MetricOptions & { buckets: readonly number[] }) {
    this.bounds = buckets
    addSharedHistogram({ ...options, buckets, read: () => [...this.all] })
  }

  /** Begins to count with these labels, which no other series has. */
  add(labels: Record<string, string>): HistogramSeries {
    const series = new HistogramSeries(labels, this.bounds)
    this.all.add(series)
    return series
  }

  remove(series: HistogramSeries): void {
    this.all.delete(series)
  }
}

/** What `create` makes for a key when it is first asked. */
export function getOrCreate<K, V>(map: Map<K, V>, key: K, create: () => V): V {
  const found = map.get(key)
  if (found !== undefined) return found
  const created = create()
  map.set(key, created)
  return created
}
