import { Counter, Histogram, type Registry } from 'prom-client'
import type { Answered } from '../../serving/statistics.js'
import { BoundedLabels } from './bounded-labels.js'

/** The labels of versions that have none of their own. No model can have this name. */
const others = { model: '(other)', version: '' }

interface Labels {
  model: string
  version: string
}

interface Labelled {
  labels: Labels
  codes: Set<string>
}

/** Requests that reached a version, of all protocols: how long they took, and the codes of those that failed. */
export class VersionMetrics {
  private readonly durations: Histogram
  private readonly errors: Counter
  private readonly versions = new BoundedLabels<Labelled>(labelled => this.forget(labelled))

  constructor(registry: Registry) {
    const registers = [registry]
    this.durations = new Histogram({
      name: 'trainyard_version_duration_seconds',
      help: 'From when a request was read to its answer, by version; of all protocols.',
      labelNames: ['model', 'version'],
      buckets: [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30],
      registers,
    })
    this.errors = new Counter({
      name: 'trainyard_version_errors_total',
      help: 'Requests that a version could not answer, by error code; of all protocols.',
      labelNames: ['model', 'version', 'code'],
      registers,
    })
  }

  answered({ name, version, code, ms }: Answered): void {
    const { labels, codes } = this.labelled(name, version)
    this.durations.observe({ ...labels }, ms / 1000)
    if (code === null) return
    codes.add(code)
    this.errors.inc({ ...labels, code })
  }

  private labelled(model: string, version: number): Labelled {
    const create = () => ({ labels: { model, version: String(version) }, codes: new Set<string>() })
    return this.versions.use(`${model}/${version}`, create) ?? { labels: others, codes: new Set() }
  }

  private forget({ labels, codes }: Labelled): void {
    this.durations.remove({ ...labels })
    for (const code of codes) this.errors.remove({ ...labels, code })
  }
}
