import { Counter, Histogram, type Registry } from 'prom-client'
import type { Answered } from '../../serving/statistics.js'

/** A scrape has at most so many versions by name. */
const maxVersions = 100
/** A version that has not predicted for this long gives its labels to another one. */
const labelKeptMs = 3600_000
/** The labels of versions beyond that. No model can have this name. */
const others = { model: '(other)', version: '' }

interface Labels {
  model: string
  version: string
}

interface Labelled {
  labels: Labels
  usedAt: number
  codes: Set<string>
}

/** Requests that reached a version, of all protocols: how long they took, and the codes of those that failed. */
export class VersionMetrics {
  private readonly durations: Histogram
  private readonly errors: Counter
  /** The version that has predicted last at the end. */
  private readonly versions = new Map<string, Labelled>()

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
    const key = `${model}/${version}`
    const now = performance.now()
    let found = this.versions.get(key)
    if (!found) {
      if (this.versions.size >= maxVersions && !this.forgetOldest(now))
        return { labels: others, usedAt: now, codes: new Set() }
      found = { labels: { model, version: String(version) }, usedAt: now, codes: new Set() }
    }
    found.usedAt = now
    // moves it to the end
    this.versions.delete(key)
    this.versions.set(key, found)
    return found
  }

  /** Returns false if all have predicted a short time ago. */
  private forgetOldest(now: number): boolean {
    const [key, { labels, usedAt, codes }] = this.versions.entries().next().value!
    if (now - usedAt < labelKeptMs) return false
    this.versions.delete(key)
    this.durations.remove({ ...labels })
    for (const code of codes) this.errors.remove({ ...labels, code })
    return true
  }
}
