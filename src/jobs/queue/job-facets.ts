import { betterOf } from '../../spec/best-metrics.js'
import type { JobFacets } from '../../spec/job-facets.js'
import { maxLabelKeys, maxValuesOfLabel } from '../../spec/job-facets.js'
import type { JobRow } from './job-row.js'

/** Counts what values jobs have, from which a filter can be chosen. */
export class FacetCounter {
  private total = 0
  private readonly status = new Counts()
  private readonly model = new Counts()
  private readonly dataset = new Counts()
  private readonly metrics = new Counts()
  private readonly labelKeys = new Counts()
  private readonly labels = new Map<string, Counts>()

  add(rows: readonly JobRow[]): void {
    this.total += rows.length
    for (const { status, model, dataset, labels, metrics } of rows) {
      this.status.add(status)
      this.model.add((model as { kind: string }).kind)
      this.dataset.add(dataset.name)
      for (const name of Object.keys(metrics)) this.metrics.add(name)
      for (const [key, value] of Object.entries(labels)) {
        this.labelKeys.add(key)
        const values = this.labels.get(key) ?? new Counts()
        this.labels.set(key, values)
        values.add(value)
      }
    }
  }

  facets(): JobFacets {
    const labels = this.labelKeys.mostFrequent(maxLabelKeys).map(({ value: key, count }) => {
      const values = this.labels.get(key)!
      return { key, count, distinct: values.size, values: values.mostFrequent(maxValuesOfLabel) }
    })
    const metrics = this.metrics
      .mostFrequent()
      .map(({ value: name, count }) => ({ name, count, better: betterOf(name) }))
    return {
      total: this.total,
      status: this.status.mostFrequent(),
      model: this.model.mostFrequent(),
      dataset: this.dataset.mostFrequent(maxValuesOfLabel),
      datasets: this.dataset.size,
      labels,
      labelKeys: this.labelKeys.size,
      metrics,
    }
  }
}

class Counts {
  private readonly counts = new Map<string, number>()

  get size(): number {
    return this.counts.size
  }

  add(value: string): void {
    this.counts.set(value, (this.counts.get(value) ?? 0) + 1)
  }

  /** The most frequent first, equal ones by their values. */
  mostFrequent(limit = Number.POSITIVE_INFINITY): { value: string; count: number }[] {
    return [...this.counts]
      .map(([value, count]) => ({ value, count }))
      .sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1))
      .slice(0, limit)
  }
}
