import type { Logger } from '../log.js'
import type { Model } from '../spec/model.js'
import type { DriftPart, Reference } from '../spec/model-watch.js'
import type { Store } from '../store/store.js'
import { CountingBudget } from './counting-budget.js'
import {
  addStoredCounts,
  dayOf,
  daysBefore,
  removeOldCounts,
  type SummedCounts,
  writeCounts,
} from './day-counts.js'
import { compareWithReference } from './drift.js'
import { type Observation, VersionCounts } from './version-counts.js'
import { watchPaths } from './watch-paths.js'

/** Versions whose counts are in memory; beyond it, those that came first are written and leave it. */
const maxVersions = 100
const flushMs = 60_000
/** Requests that wait while the reference of their version is read. */
const maxWaiting = 100

export interface LiveHistogramsDeps {
  store: Store
  /** The reference of a version; null if it has none. */
  reference(model: Pick<Model, 'id' | 'name' | 'version'>): Promise<Reference | null>
  versions(name: string): Promise<number[]>
  log: Pick<Logger, 'warn' | 'info'>
  /** In ms since the epoch. */
  now?: () => number
}

interface Entry {
  /** Null while the reference is read; false if there is none. */
  counts: VersionCounts | null | false
  loaded: Promise<void>
  waiting: { observation: Observation; at: number }[]
}

/** The drift of a version yesterday and today, for metrics. */
export interface CurrentDrift {
  name: string
  version: number
  /** Images or rows in the histograms. */
  counted: number
  inputs: DriftPart
  scores: DriftPart
}

/** Histograms of inputs and answers of all versions that this process predicts with. */
export class LiveHistograms {
  /** Of the versions in memory, as last computed. */
  current: readonly CurrentDrift[] = []
  private readonly entries = new Map<string, Entry>()
  private readonly budget = new CountingBudget()
  private readonly now: () => number
  private readonly timer: NodeJS.Timeout
  private running: Promise<void> = Promise.resolve()
  private sweptOn = ''
  private failing = false

  constructor(private readonly deps: LiveHistogramsDeps) {
    this.now = deps.now ?? Date.now
    this.timer = setInterval(() => void this.refresh(), flushMs).unref()
  }

  /** Counts a request. Takes a few µs for a row, and never throws. */
  add(observation: Observation): void {
    const { id, version } = observation.model
    const key = `${id}/${version}`
    let entry = this.entries.get(key)
    if (entry?.counts) {
      entry.counts.add(observation, this.now())
      return
    }
    entry ??= this.load(key, observation.model)
    if (entry.counts === null && entry.waiting.length < maxWaiting)
      entry.waiting.push({ observation, at: this.now() })
  }

  /** All counts of some days, of this process and as others have written them. */
  async read(
    model: Pick<Model, 'id' | 'version'>,
    reference: Reference,
    days: { from: string; to: string },
  ): Promise<SummedCounts> {
    const entry = this.entries.get(`${model.id}/${model.version}`)
    await entry?.loaded
    await this.running
    const own = entry?.counts || new VersionCounts(model, reference, this.budget)
    return this.sumOf(own, days)
  }

  /** Writes what has changed, and computes the current drift. */
  refresh(): Promise<void> {
    this.running = this.running.then(async () => {
      for (const { counts } of this.entries.values()) if (counts) await this.flush(counts)
      await this.sweep()
      await this.computeCurrent().catch(error => this.report(error))
    })
    return this.running
  }

  /** Forgets a version that was deleted. */
  remove(name: string, version: number): Promise<void> {
    this.entries.delete(`${name}/${version}`)
    this.current = this.current.filter(each => each.name !== name || each.version !== version)
    this.running = this.running.then(() =>
      this.deps.store.remove(watchPaths(name).version(version)).catch(error => this.report(error)),
    )
    return this.running
  }

  async close(): Promise<void> {
    clearInterval(this.timer)
    await this.refresh()
  }

  private load(key: string, model: Model): Entry {
    const entry: Entry = { counts: null, loaded: Promise.resolve(), waiting: [] }
    this.makeRoom()
    this.entries.set(key, entry)
    entry.loaded = this.deps.reference(model).then(
      reference => {
        entry.counts = reference ? new VersionCounts(model, reference, this.budget) : false
        for (const { observation, at } of entry.waiting)
          if (entry.counts) entry.counts.add(observation, at)
        entry.waiting = []
      },
      error => {
        this.report(error)
        // read again with a later request
        this.entries.delete(key)
      },
    )
    return entry
  }

  private makeRoom(): void {
    if (this.entries.size < maxVersions) return
    const [key, { counts }] = this.entries.entries().next().value!
    this.entries.delete(key)
    if (counts) this.running = this.running.then(() => this.flush(counts))
  }

  private async flush(counts: VersionCounts): Promise<void> {
    if (!counts.changed) return
    const { store, versions } = this.deps
    const { name, version, part } = counts
    try {
      // another process may have deleted it, and with it all counts
      if (!(await versions(name)).includes(version)) {
        this.entries.delete(`${name}/${version}`)
        await store.remove(watchPaths(name).version(version))
        return
      }
      await counts.flush(this.now(), (day, sum) => writeCounts(store, counts, day, part, sum))
      this.failing = false
    } catch (error) {
      this.report(error)
    }
  }

  /** Once a day, also for versions that nobody asks any more. */
  private async sweep(): Promise<void> {
    const { store, versions } = this.deps
    const today = dayOf(this.now())
    if (this.sweptOn === today) return
    this.sweptOn = today
    try {
      for (const name of await store.list(watchPaths.root))
        await removeOldCounts(store, name, await versions(name), today)
    } catch (error) {
      this.report(error)
    }
  }

  private async computeCurrent(): Promise<void> {
    const to = dayOf(this.now())
    const from = daysBefore(to, 1)
    const before = new Set(this.current.filter(isLarge).map(keyOf))
    const current: CurrentDrift[] = []
    for (const { counts } of this.entries.values()) {
      if (!counts) continue
      const { name, version, reference } = counts
      const sum = await this.sumOf(counts, { from, to })
      current.push({
        ...{ name, version, counted: sum.counted },
        inputs: compareWithReference(reference.inputs, sum.inputs),
        scores: compareWithReference(reference.scores, sum.scores),
      })
    }
    this.current = current
    for (const drift of current.filter(isLarge)) {
      if (before.has(keyOf(drift))) continue
      const { name, version, inputs, scores } = drift
      const details = { model: name, version, inputs: inputs.worst, scores: scores.worst }
      this.deps.log.warn(
        details,
        'what a model predicts from or answers differs much from its training',
      )
    }
  }

  /** A version's counts of some days: these of this process, and those that it or others have written. */
  private async sumOf(
    counts: VersionCounts,
    days: { from: string; to: string },
  ): Promise<SummedCounts> {
    const sum = counts.emptySum()
    const here = new Set(counts.daysIn(days.from, days.to))
    for (const day of here) sum.add(counts.of(day)!)
    const isHere = (day: string, part: string) => part === counts.part && here.has(day)
    await addStoredCounts(this.deps.store, counts, days, isHere, sum)
    return sum
  }

  /** Once, until a write succeeds again. */
  private report(error: unknown): void {
    if (this.failing) return
    this.failing = true
    const message = 'histograms of predictions could not be read or written; trying again'
    this.deps.log.warn({ err: error }, message)
  }
}

const keyOf = ({ name, version }: CurrentDrift) => `${name}/${version}`

const isLarge = ({ inputs, scores }: CurrentDrift) =>
  inputs.status === 'large' || scores.status === 'large'
