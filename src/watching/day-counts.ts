import { Type } from 'typebox'
import { isDamaged } from '../errors.js'
import { shapeOf } from '../store/shape.js'
import type { Store } from '../store/store.js'
import { watchPaths } from './watch-paths.js'

/** What one process counted of a version on one day; the arrays are ordered by `BinLayout`. */
export interface DayCounts {
  /** Images or rows that were predicted. */
  predicted: number
  /** Of these, the ones that the arrays have. */
  counted: number
  inputs: number[]
  scores: number[]
}

const array = Type.Array(Type.Number({ minimum: 0 }))
const dayCounts = shapeOf<DayCounts>(
  Type.Object({
    predicted: Type.Number({ minimum: 0 }),
    counted: Type.Number({ minimum: 0 }),
    inputs: array,
    scores: array,
  }),
)

/** Days of counts that are kept. */
export const keptDays = 90

export const msPerDay = 24 * 3600_000

/** The day of a time in ms since the epoch, as 2026-11-30 in UTC. */
export const dayOf = (time: number): string => new Date(time).toISOString().slice(0, 10)

export const daysBefore = (day: string, days: number): string =>
  dayOf(Date.parse(day) - days * msPerDay)

/** Counts of several processes and days. */
export class SummedCounts {
  predicted = 0
  counted = 0
  /** Files that cannot be read, or are of another reference. */
  damaged = 0
  readonly inputs: Float64Array
  readonly scores: Float64Array

  constructor(inputs: number, scores: number) {
    this.inputs = new Float64Array(inputs)
    this.scores = new Float64Array(scores)
  }

  add({ predicted, counted, inputs, scores }: DayCounts | SummedCounts): void {
    if (inputs.length !== this.inputs.length || scores.length !== this.scores.length) {
      this.damaged++
      return
    }
    this.predicted += predicted
    this.counted += counted
    for (let i = 0; i < inputs.length; i++) this.inputs[i]! += inputs[i]!
    for (let i = 0; i < scores.length; i++) this.scores[i]! += scores[i]!
  }
}

/** Adds what the files of these days have, except those of `except`. Passes over damaged ones, and counts them. */
export async function addStoredCounts(
  store: Pick<Store, 'list' | 'readJson'>,
  { name, version }: { name: string; version: number },
  { from, to }: { from: string; to: string },
  except: (day: string, part: string) => boolean,
  sum: SummedCounts,
): Promise<void> {
  const paths = watchPaths(name)
  for (const day of await store.list(paths.version(version))) {
    if (day < from || day > to) continue
    for (const file of await store.list(paths.day(version, day))) {
      const part = file.replace(/\.json$/, '')
      if (except(day, part)) continue
      try {
        const counts = await store.readJson<DayCounts>(paths.counts(version, day, part), dayCounts)
        if (counts) sum.add(counts)
      } catch (error) {
        if (!isDamaged(error)) throw error
        sum.damaged++
      }
    }
  }
}

export const writeCounts = (
  store: Pick<Store, 'replaceJson'>,
  { name, version }: { name: string; version: number },
  day: string,
  part: string,
  { predicted, counted, inputs, scores }: SummedCounts,
): Promise<void> =>
  store.replaceJson<DayCounts>(watchPaths(name).counts(version, day, part), {
    ...{ predicted, counted, inputs: [...inputs], scores: [...scores] },
  })

/** Removes counts that are older than `keptDays`, and those of versions that are not among `versions`. */
export async function removeOldCounts(
  store: Pick<Store, 'list' | 'remove'>,
  name: string,
  versions: readonly number[],
  today: string,
): Promise<void> {
  const paths = watchPaths(name)
  const oldest = daysBefore(today, keptDays)
  for (const version of (await store.list(paths.versions)).map(Number)) {
    if (!versions.includes(version)) {
      await store.remove(paths.version(version))
      continue
    }
    for (const day of await store.list(paths.version(version))) {
      if (day < oldest) await store.remove(paths.day(version, day))
    }
  }
}
