import { ulid } from 'ulid'
import type { Model } from '../spec/model.js'
import type { Reference } from '../spec/model-watch.js'
import { BinLayout } from './bins.js'
import type { CountingBudget } from './counting-budget.js'
import { dayOf, msPerDay, SummedCounts } from './day-counts.js'
import { scoreTable } from './scores.js'

/** What was predicted by one request. */
export interface Observation {
  model: Model
  /** Images or rows. */
  count: number
  /** Row-major rows of the features; null if they are not known. */
  inputs: { rows: Float32Array; width: number } | null
  /** Row-major [count, outputs]. */
  values: Float32Array
  outputs: number
  /** Of rows: categories that the model does not know, which are missing in `inputs`. */
  unknownCategories: readonly { column: string; rows: number }[]
}

/** Histograms of what this process has predicted with one version, by day. */
export class VersionCounts {
  /** Names the files of these counts: no other process and no later start writes to them. */
  readonly part = ulid().toLowerCase()
  readonly name: string
  readonly version: number
  private readonly inputs: BinLayout
  private readonly scores: BinLayout
  private readonly featureOf: ReadonlyMap<string, number>
  /** Today's, and those of days that are not written yet. */
  private readonly days = new Map<string, { counts: SummedCounts; changed: boolean }>()
  private day = ''
  private dayEndsAt = 0
  private turn = 0

  constructor(
    { id, version }: Pick<Model, 'id' | 'version'>,
    readonly reference: Reference,
    private readonly budget: CountingBudget,
  ) {
    this.name = id
    this.version = version
    this.inputs = new BinLayout(reference.inputs.features)
    this.scores = new BinLayout(reference.scores.features)
    this.featureOf = new Map(reference.inputs.features.map(({ name }, i) => [name, i]))
  }

  /** Counts a request, or some of its rows if it has very many. */
  add(
    { model, count, inputs, values, outputs, unknownCategories }: Observation,
    now: number,
  ): void {
    const today = this.today(now)
    const { counts } = today
    today.changed = true
    counts.predicted += count
    const perRow = this.inputs.features.length + this.scores.features.length
    const stride = this.budget.take(count, perRow)
    if (stride === null) return
    const first = stride === 1 ? 0 : this.turn++ % stride
    const scored = scoreTable(model, values, outputs)
    let counted = 0
    for (let row = Math.min(first, count - 1); row < count; row += stride) {
      if (inputs) this.inputs.countRow(counts.inputs, inputs.rows, row * inputs.width)
      this.scores.countRow(counts.scores, scored.rows, row * scored.width)
      counted++
    }
    counts.counted += counted
    for (const { column, rows } of unknownCategories) {
      const feature = this.featureOf.get(column)
      if (feature === undefined) continue
      // of a part of the rows, as many as of all
      this.inputs.moveToUnknown(counts.inputs, feature, Math.round((rows * counted) / count))
    }
  }

  /** Counts of a day by this object; null if there are none. */
  of(day: string): SummedCounts | null {
    return this.days.get(day)?.counts ?? null
  }

  /** A sum without counts yet, for the bins of the version. */
  emptySum(): SummedCounts {
    return new SummedCounts(this.inputs.length, this.scores.length)
  }

  /** The days between two whose counts are here. */
  daysIn(from: string, to: string): string[] {
    return [...this.days.keys()].filter(day => day >= from && day <= to)
  }

  get changed(): boolean {
    return [...this.days.values()].some(({ changed }) => changed)
  }

  /** Writes what has changed. If `write` fails, it is tried with the next call. */
  async flush(
    now: number,
    write: (day: string, counts: SummedCounts) => Promise<void>,
  ): Promise<void> {
    for (const [day, entry] of this.days) {
      if (entry.changed) {
        entry.changed = false
        await write(day, entry.counts).catch(error => {
          entry.changed = true
          throw error
        })
      }
      if (day < dayOf(now)) this.days.delete(day)
    }
  }

  private today(now: number) {
    if (now >= this.dayEndsAt) {
      this.day = dayOf(now)
      this.dayEndsAt = Date.parse(this.day) + msPerDay
    }
    let entry = this.days.get(this.day)
    if (!entry) {
      entry = { counts: this.emptySum(), changed: false }
      this.days.set(this.day, entry)
    }
    return entry
  }
}
