import type { Registry } from 'prom-client'
import type { Answered } from '../../serving/statistics.js'
import { BoundedLabels } from './bounded-labels.js'
import {
  type CounterSeries,
  getOrCreate,
  type HistogramSeries,
  SeriesCounter,
  SeriesHistogram,
} from './series.js'

interface Labels {
  model: string
  version: string
}

/** The labels of versions that have none of their own. No model can have this name. */
const otherVersions: Labels = { model: '(other)', version: '' }

interface Labelled {
  labels: Labels
  durations: HistogramSeries
  errors: Map<string, CounterSeries>
}

/** Requests that reached a version, of all protocols: how long they took, and the codes of those that failed. */
export class VersionMetrics {
  private readonly durations: SeriesHistogram
  private readonly errors: SeriesCounter
  private readonly versions = new BoundedLabels<Labelled>(labelled => this.forget(labelled))
  private others: Labelled | null = null

  constructor(registry: Registry) {
    this.durations = new SeriesHistogram({
      registry,
      name: 'trainyard_version_duration_seconds',
      help: 'From when a request was read to its answer, by version; of all protocols.',
      buckets: [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30],
    })
    this.errors = new SeriesCounter({
      registry,
      name: 'trainyard_version_errors_total',
      help: 'Requests that a version could not answer, by error code; of all protocols.',
    })
  }

  answered({ name, version, code, ms }: Answered): void {
    const { labels, durations, errors } = this.labelled(name, version)
    durations.observe(ms / 1000)
    if (code !== null) getOrCreate(errors, code, () => this.errors.add({ ...labels, code })).value++
  }

  private labelled(model: string, version: number): Labelled {
    const create = () => this.create({ model, version: String(version) })
    const labelled = this.versions.use(`${model}/${version}`, create)
    if (labelled) return labelled
    this.others ??= this.create(otherVersions)
    return this.others
  }

  private create(labels: Labels): Labelled {
    return { labels, durations: this.durations.add({ ...labels }), errors: new Map() }
  }

  private forget({ durations, errors }: Labelled): void {
    this.durations.remove(durations)
    for (const series of errors.values()) this.errors.remove(series)
  }
}
