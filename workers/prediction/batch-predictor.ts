import type { PredictionField } from '../../src/predictions/fields.js'
import type { PredictionEngine } from '../../src/predictions/part-file.js'
import type { ScoredKind, Scores } from '../../src/predictions/scores.js'

/** Predictions of records that follow each other. */
export interface PredictedRecords {
  count: number
  fields: readonly PredictionField[]
}

/** A model that predicts the records of a data set. */
export interface RecordPredictor extends Disposable {
  engine: PredictionEngine
  /** Which fields a prediction has. Their values are empty. */
  fields: readonly PredictionField[]
  /** What of the data set the predictions are compared with; null if it has no such thing. */
  scored: ScoredKind | null
  /**
   * Predicts the records from `first` up to `end` exclusively, some at a time, and adds to `scores`. Rows come at most
   * `maxRecords` at a time. Images run in full batches that begin at `first`: equal batches give equal digits.
   */
  predict(
    range: { first: number; end: number },
    scores: Scores,
    maxRecords: number,
  ): Iterable<PredictedRecords> | AsyncIterable<PredictedRecords>
}

/** Counts the records that have a number which is NaN or infinite. */
export function countNotFinite(fields: readonly PredictionField[], count: number): number {
  const numbers = fields.filter(({ texts }) => !texts).map(({ values }) => values)
  if (numbers.every(values => values.every(Number.isFinite))) return 0
  let found = 0
  for (let record = 0; record < count; record++) {
    const hasOther = numbers.some(values => {
      const width = values.length / count
      return !values.subarray(record * width, (record + 1) * width).every(Number.isFinite)
    })
    if (hasOther) found++
  }
  return found
}
