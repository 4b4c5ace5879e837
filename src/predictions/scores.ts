/**
 * How well predictions fit the labels or targets that a data set has. Sums of all records so far, in their order: a job
 * that was interrupted adds up the same numbers in the same order.
 */
export interface Scores {
  /** Records with a label or target that the model knows. */
  scored: number
  correct: number
  loss: number
  squared: number
  absolute: number
  /** Records whose class the model does not have. */
  unknownClass: number
  /** Records with a number that is NaN or infinite. */
  notFinite: number
  /** Rows with a category that training has not seen, by column. */
  unknownCategories: Record<string, number>
}

export const noScores = (): Scores => ({
  scored: 0,
  correct: 0,
  loss: 0,
  squared: 0,
  absolute: 0,
  unknownClass: 0,
  notFinite: 0,
  unknownCategories: {},
})

/** A class that has no probability at all would make the mean infinite. */
const leastProbability = 1e-15

/**
 * Adds predictions of classes: `probabilities` is [records, classes], `predicted` the most probable class of each, and
 * `labels` the true one: -1 if the model does not have it, -2 if there is none.
 */
export function addClasses(
  scores: Scores,
  probabilities: Float32Array | Float64Array,
  predicted: Int32Array,
  labels: Int32Array,
): void {
  const classes = probabilities.length / labels.length
  for (const [record, label] of labels.entries()) {
    if (label === -1) scores.unknownClass++
    if (label < 0) continue
    scores.scored++
    if (predicted[record] === label) scores.correct++
    scores.loss -= Math.log(Math.max(leastProbability, probabilities[record * classes + label]!))
  }
}

/** Adds predictions of numbers; a target that is NaN is missing. */
export function addValues(scores: Scores, values: ArrayLike<number>, targets: Float64Array): void {
  for (const [record, target] of targets.entries()) {
    if (Number.isNaN(target)) continue
    const difference = values[record]! - target
    scores.scored++
    scores.squared += difference * difference
    scores.absolute += Math.abs(difference)
  }
}

/** What predictions are compared with. */
export type ScoredKind = 'classes' | 'values'

/** Means over the records that were scored; nothing if there are none. */
export function metricsOf(scores: Scores, kind: ScoredKind): Record<string, number> {
  const { scored, correct, loss, squared, absolute } = scores
  if (scored === 0) return {}
  return kind === 'classes'
    ? { accuracy: correct / scored, loss: loss / scored }
    : { rmse: Math.sqrt(squared / scored), mae: absolute / scored }
}

/** What the metrics do not say, a line each. `kind`: null if nothing was scored. */
export function scoreRemarks(scores: Scores, kind: ScoredKind | null, records: number): string[] {
  const { unknownCategories, notFinite, unknownClass, scored } = scores
  const remarks = Object.entries(unknownCategories).map(
    ([column, rows]) =>
      `${rows} rows have a category of '${column}' that training has not seen: it counts as missing`,
  )
  const addCount = (count: number, what: string) => {
    if (count > 0) remarks.push(`${count} of ${records} ${what}`)
  }
  addCount(notFinite, 'predictions have a number that is NaN or infinite; NaN is stored as missing')
  addCount(
    unknownClass,
    'records have a class that the model does not have; metrics leave them out',
  )
  if (kind) {
    const lacking = records - scored - unknownClass
    addCount(lacking, 'records have no label or target; metrics leave them out')
  } else remarks.push('the data set has no labels or targets of the model, so there are no metrics')
  return remarks
}
