import { type Evaluation, maxConfusionClasses, topClasses } from '../spec/evaluation.js'

const maxCurvePoints = 100

/** Counts of a classifier's predictions. Each array has an entry for each class. */
export interface ClassCounts {
  labels: readonly string[]
  /** Records that belong to the class. */
  records: ArrayLike<number>
  /** Records that are predicted as the class. */
  predicted: ArrayLike<number>
  /** Records of the class that are predicted as it. */
  correct: ArrayLike<number>
  /** Row-major [true class, predicted class]; null if there are too many classes to keep it. */
  confusion: ArrayLike<number> | null
  /** Records whose class is among the five most probable; null if it was not counted. */
  top5: number | null
}

/** Counts the predictions of a classifier, record by record. */
export class PredictionCounter implements Omit<ClassCounts, 'top5'> {
  readonly records: Float64Array
  readonly predicted: Float64Array
  readonly correct: Float64Array
  readonly confusion: Float64Array | null

  constructor(readonly labels: readonly string[]) {
    const { length } = labels
    this.records = new Float64Array(length)
    this.predicted = new Float64Array(length)
    this.correct = new Float64Array(length)
    this.confusion = length <= maxConfusionClasses ? new Float64Array(length ** 2) : null
  }

  /** Counts a record of class `truth` that is predicted as class `guess`. */
  add(truth: number, guess: number): void {
    this.records[truth]!++
    this.predicted[guess]!++
    if (guess === truth) this.correct[truth]!++
    if (this.confusion) this.confusion[truth * this.labels.length + guess]!++
  }
}

/** Converts counts to the evaluation that is kept with the model. */
export function evaluationOf(counts: ClassCounts): Evaluation {
  const { labels, confusion, top5 } = counts
  const [records, correct] = [sum(counts.records), sum(counts.correct)]
  return {
    records,
    accuracy: records === 0 ? 0 : correct / records,
    ...(top5 !== null && { top5Accuracy: records === 0 ? 0 : top5 / records }),
    ...(confusion && {
      confusionMatrix: labels.map((_, row) =>
        labels.map((_, column) => confusion[row * labels.length + column]!),
      ),
    }),
    perClass: labels.map((label, i) => ({
      label,
      records: counts.records[i]!,
      recall: ratio(counts.correct[i]!, counts.records[i]!),
      precision: ratio(counts.correct[i]!, counts.predicted[i]!),
    })),
  }
}

/**
 * Evaluates predictions in memory. `truth`: the class of each record. `probabilities`: row-major
 * [records, classes]; of two classes, also one value for each record, the probability of the second.
 */
export function evaluatePredictions(
  labels: readonly string[],
  truth: ArrayLike<number>,
  probabilities: Float32Array,
): Evaluation {
  const classes = labels.length
  const isBinary = probabilities.length === truth.length && classes === 2
  const counter = new PredictionCounter(labels)
  let top5 = 0
  for (let i = 0; i < truth.length; i++) {
    const expected = truth[i]!
    const row = isBinary ? null : probabilities.subarray(i * classes, (i + 1) * classes)
    counter.add(expected, row ? indexOfMax(row) : Number(probabilities[i]! > 0.5))
    if (row && classes > topClasses && rankOf(row, expected) < topClasses) top5++
  }
  const evaluation = evaluationOf({ ...counter, top5: classes > topClasses ? top5 : null })
  if (classes !== 2) return evaluation
  const positive = isBinary ? probabilities : probabilities.filter((_, i) => i % 2 === 1)
  return withCurves(evaluation, truth, positive)
}

/** Adds the curves to an evaluation of two classes, if both have records. `probabilities`: of the second class. */
export function withCurves(
  evaluation: Evaluation,
  truth: ArrayLike<number>,
  probabilities: Float32Array,
): Evaluation {
  if (evaluation.perClass.some(({ records }) => records === 0)) return evaluation
  return { ...evaluation, ...binaryCurves(truth, probabilities) }
}

/** The ROC and the precision-recall curve of two classes that both have records. */
function binaryCurves(
  truth: ArrayLike<number>,
  probabilities: Float32Array,
): Required<Pick<Evaluation, 'roc' | 'pr'>> {
  const order = Uint32Array.from(probabilities, (_, i) => i).sort(
    (a, b) => probabilities[b]! - probabilities[a]!,
  )
  const positives = sum(truth)
  const negatives = truth.length - positives
  let [truePositives, falsePositives, orderedPairs, averagePrecision] = [0, 0, 0, 0]
  const roc: NonNullable<Evaluation['roc']>['points'] = []
  const pr: NonNullable<Evaluation['pr']>['points'] = []
  for (let i = 0; i < order.length; ) {
    const threshold = probabilities[order[i]!]!
    const [positivesBefore, negativesBefore] = [truePositives, falsePositives]
    // records of one probability pass the threshold together; NaN, which equals nothing, passes alone
    do {
      if (truth[order[i++]!] === 1) truePositives++
      else falsePositives++
    } while (i < order.length && probabilities[order[i]!] === threshold)
    const recall = truePositives / positives
    const falsePositiveRate = falsePositives / negatives
    const precision = truePositives / (truePositives + falsePositives)
    orderedPairs += ((falsePositives - negativesBefore) * (truePositives + positivesBefore)) / 2
    averagePrecision += ((truePositives - positivesBefore) / positives) * precision
    roc.push({ threshold, falsePositiveRate, truePositiveRate: recall })
    pr.push({ threshold, recall, precision })
  }
  return {
    roc: { auc: orderedPairs / (positives * negatives), points: thin(roc) },
    pr: { averagePrecision, points: thin(pr) },
  }
}

/** At most `maxCurvePoints`, evenly chosen, with the first and the last. */
function thin<T>(points: readonly T[]): T[] {
  if (points.length <= maxCurvePoints) return [...points]
  const stride = (points.length - 1) / (maxCurvePoints - 1)
  return Array.from({ length: maxCurvePoints }, (_, i) => points[Math.round(i * stride)]!)
}

/** How many entries are before `index` if the entries are sorted, largest first. */
function rankOf(row: Float32Array, index: number): number {
  const value = row[index]!
  let before = 0
  for (let i = 0; i < row.length; i++) {
    if (row[i]! > value || (row[i] === value && i < index)) before++
  }
  return before
}

export function indexOfMax(row: Float32Array): number {
  let best = 0
  for (let i = 1; i < row.length; i++) if (row[i]! > row[best]!) best = i
  return best
}

function sum(values: ArrayLike<number>): number {
  let total = 0
  for (let i = 0; i < values.length; i++) total += values[i]!
  return total
}

const ratio = (part: number, whole: number) => (whole === 0 ? null : part / whole)
