import type { Histogram, Registry } from 'prom-client'

/** The values of one histogram for one combination of labels. */
export interface Distribution {
  labels: Record<string, string>
  /** How many values lie in each bucket, by its upper bound; `+Inf` is the last. Not cumulative. */
  counts: ReadonlyMap<string, number>
  sum: number
}

interface SharedHistogramOptions {
  registry: Registry
  name: string
  help: string
  /** Upper bounds, ascending, without +Inf. */
  buckets: readonly number[]
  read(): readonly Distribution[]
}

/** A histogram whose values are counted elsewhere: prom-client's own only takes single observations. */
export function addSharedHistogram(options: SharedHistogramOptions): void {
  const { registry, name, help, buckets, read } = options
  const bounds = [...buckets.map(String), '+Inf']
  const get = async () => {
    const values = read().flatMap(({ labels, counts, sum }) => {
      let count = 0
      const cumulative = bounds.map(le => {
        count += counts.get(le) ?? 0
        return { labels: { le, ...labels }, value: count, metricName: `${name}_bucket` }
      })
      return [
        ...cumulative,
        { labels, value: sum, metricName: `${name}_sum` },
        { labels, value: count, metricName: `${name}_count` },
      ]
    })
    return { name, help, type: 'histogram', values, aggregator: 'sum' }
  }
  // of a metric, the registry calls only this
  registry.registerMetric({ name, get } as unknown as Histogram)
}
