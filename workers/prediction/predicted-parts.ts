import { Checkpoints } from '../../src/jobs/record/checkpoints.js'
import { jobPaths } from '../../src/jobs/record/job-paths.js'
import type { AttemptRecord } from '../../src/jobs/record/records.js'
import {
  isSameEngine,
  type PartHeader,
  type PredictionEngine,
  readPartHeader,
} from '../../src/predictions/part-file.js'
import { noScores, type Scores } from '../../src/predictions/scores.js'
import type { Store } from '../../src/store/store.js'

/** Predictions that are stored and intact. */
export interface StoredPart extends PartHeader {
  folder: string
}

/** Records that are not predicted yet, and the scores of all records before them. */
export interface Gap {
  first: number
  end: number
  scores: Scores
}

/** The intact parts in the checkpoints of a job, in order. */
export async function findParts(
  store: Store,
  job: string,
  attempts: readonly AttemptRecord[],
): Promise<StoredPart[]> {
  const parts: StoredPart[] = []
  for (const { step } of await new Checkpoints(store).list(job, attempts)) {
    const key = jobPaths(job).checkpoint(step)
    if (!(await store.verify(key))) {
      console.log(`the predictions up to record ${step} are damaged: they are made again`)
      continue
    }
    const folder = await store.folder(key)
    parts.push({ ...(await readPartHeader(folder)), folder })
  }
  return parts.sort((a, b) => a.first - b.first || a.end - b.end)
}

/** Of parts that may overlap, those that cover the most, in order; and what none covers, of `records` in all. */
export function coverage(
  parts: readonly StoredPart[],
  engine: PredictionEngine,
  records: number,
): { parts: StoredPart[]; gaps: Gap[] } {
  const usable = parts.filter(part => isSameEngine(part.engine, engine))
  const used: StoredPart[] = []
  const gaps: Gap[] = []
  let covered = 0
  while (covered < records) {
    const reaching = usable.filter(({ first, end }) => first <= covered && end > covered)
    const [best] = reaching.sort((a, b) => b.end - a.end)
    if (best) {
      used.push(best)
      covered = best.end
      continue
    }
    const next = usable.find(({ first }) => first > covered)?.first ?? records
    gaps.push({
      first: covered,
      end: next,
      scores: structuredClone(used.at(-1)?.scores ?? noScores()),
    })
    covered = next
  }
  return { parts: used, gaps }
}
