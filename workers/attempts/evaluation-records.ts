import { join } from 'node:path'
import { Datasets } from '../../src/datasets/datasets.js'
import { worstRecords } from '../../src/predictions/worst-records.js'
import type { DatasetManifest } from '../../src/spec/dataset.js'
import {
  type EvaluatedRecords,
  evaluationRecordsFile,
  maxEvaluationRecords,
} from '../../src/spec/evaluation-records.js'
import type { TrainerTask } from '../../src/spec/ipc-messages.js'
import type { Store } from '../../src/store/store.js'

/**
 * Writes what is predicted for the validation records into a staged folder. Indices of `records` count in the data
 * that the task validates on, which may be splits of a data set; those of the file count in the whole data set.
 */
export async function writeValidationRecords(
  store: Store,
  { dataset, validation }: Pick<TrainerTask, 'dataset' | 'validation'>,
  records: EvaluatedRecords,
  staged: string,
): Promise<void> {
  const part = validation ?? dataset
  const indexOf = indicesInWhole(await new Datasets(store).get(part.id), part)
  const worst = worstRecords(records, maxEvaluationRecords)
  const path = join(staged, evaluationRecordsFile)
  const written = { ...worst, index: worst.index.map(indexOf) }
  const head = { dataset: part.id, evaluated: records.index.length }
  // it imports the library that writes Arrow, which training does without
  const { writeEvaluationRecords } = await import('../../src/predictions/evaluation-file.js')
  await writeEvaluationRecords(path, written, head)
}

/** Converts positions in some splits of a data set to positions in all of it. */
export function indicesInWhole(
  whole: Pick<DatasetManifest, 'id' | 'shards'>,
  part: Pick<DatasetManifest, 'shards'>,
): (position: number) => number {
  const firsts = new Map<string, number>()
  let records = 0
  for (const shard of whole.shards) {
    firsts.set(shard.name, records)
    records += shard.records
  }
  const ranges: { start: number; offset: number }[] = []
  let start = 0
  for (const shard of part.shards) {
    const first = firsts.get(shard.name)
    if (first === undefined) throw new Error(`data set ${whole.id} has no shard ${shard.name}`)
    ranges.push({ start, offset: first - start })
    start += shard.records
  }
  return position => position + ranges.findLast(range => range.start <= position)!.offset
}
