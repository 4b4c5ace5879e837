import type { Tensor } from '../graph/graph.js'
import { oneHot } from '../graph/ops/array.js'
import { compareWith } from '../graph/ops/compare.js'
import { scalar } from '../graph/ops/constant.js'
import { cast, mul } from '../graph/ops/math.js'
import { argMax, reduceSum } from '../graph/ops/reduce.js'
import { softmax, sparseSoftmaxCrossEntropy } from '../graph/ops/softmax.js'
import type { Session } from '../graph/session.js'
import { type Evaluation, maxConfusionClasses } from '../spec/evaluation.js'
import type { MetricRow } from '../spec/metrics.js'
import type { TrainingPlan } from '../spec/training-options.js'
import { binaryCurves, evaluationOf } from '../training-control/evaluation.js'
import { startEvaluation } from './input.js'
import type { RecordRange } from './record-range.js'

/** Above this number of classes, it is counted how often the right one is among the five most probable. */
const topClasses = 5

/** Outputs of the signature `evaluate`, for one batch. */
export function evaluationOutputs(logits: Tensor, labels: Tensor, classes: number) {
  return {
    lossSum: reduceSum(sparseSoftmaxCrossEntropy(logits, labels)),
    predicted: cast(argMax(logits, 1), 'int32'),
    labels,
    ...(classes > topClasses && { inTop: countInTop(logits, labels, classes) }),
    ...(classes === 2 && { probabilities: softmax(logits) }),
  }
}

/** The number of records for which fewer than `topClasses` classes are more probable than their own. */
function countInTop(logits: Tensor, labels: Tensor, classes: number): Tensor {
  const { graph } = logits.node
  const own = reduceSum(mul(logits, oneHot(labels, classes)), [1], { keepDims: true })
  // as a logit that is NaN is neither larger nor smaller, its record does not count
  const notLarger = reduceSum(cast(compareWith('LessEqual', logits, own), 'float32'), [1])
  const isInTop = compareWith('Greater', notLarger, scalar(graph, classes - topClasses))
  return reduceSum(cast(isInTop, 'float32'))
}

export interface EvaluationResult {
  /** Metrics of the step. */
  values: MetricRow['values']
  /** By class; null if the loss is not finite, since predictions of NaN say nothing. */
  evaluation: Evaluation | null
}

/** Evaluates the session's weights on all validation records. `labels`: the names of the classes. */
export function evaluate(
  session: Session,
  plan: TrainingPlan,
  validation: RecordRange,
  labels: readonly string[],
): EvaluationResult {
  const { count } = validation
  const classes = labels.length
  const [records, predicted, correct] = [0, 1, 2].map(() => new Float64Array(classes)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ]
  const confusion = classes <= maxConfusionClasses ? new Float64Array(classes ** 2) : null
  const truth = new Int32Array(count)
  const positive = new Float32Array(count)
  let [lossSum, inTop, correctSum] = [0, 0, 0]
  startEvaluation(session, plan, validation)
  for (let seen = 0; seen < count; seen += plan.batchSize) {
    const outputs = session.run('evaluate')
    lossSum += outputs.number('lossSum')
    if (classes > topClasses) inTop += outputs.number('inTop')
    const guesses = outputs.ints('predicted')
    const batchLabels = outputs.ints('labels')
    const probabilities = classes === 2 ? outputs.floats('probabilities') : null
    for (const [i, label] of batchLabels.entries()) {
      const guess = guesses[i]!
      truth[seen + i] = label
      if (probabilities) positive[seen + i] = probabilities[2 * i + 1]!
      records[label]!++
      predicted[guess]!++
      if (confusion) confusion[label * classes + guess]!++
      if (guess !== label) continue
      correct[label]!++
      correctSum++
    }
  }
  const validationLoss = lossSum / count
  const values = {
    validationLoss,
    validationAccuracy: correctSum / count,
    ...(classes > topClasses && { validationTop5Accuracy: inTop / count }),
  }
  if (!Number.isFinite(validationLoss)) return { values, evaluation: null }
  const top5 = classes > topClasses ? inTop : null
  const evaluation = evaluationOf({ labels, records, predicted, correct, confusion, top5 })
  const hasCurves = classes === 2 && records[0]! > 0 && records[1]! > 0
  return {
    values,
    evaluation: { ...evaluation, ...(hasCurves && binaryCurves(truth, positive)) },
  }
}
