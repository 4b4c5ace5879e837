import type { Tensor } from '../graph/graph.js'
import { oneHot } from '../graph/ops/array.js'
import { compareWith } from '../graph/ops/compare.js'
import { scalar } from '../graph/ops/constant.js'
import { cast, mul } from '../graph/ops/math.js'
import { argMax, reduceMax, reduceSum } from '../graph/ops/reduce.js'
import { softmax, sparseSoftmaxCrossEntropy } from '../graph/ops/softmax.js'
import type { Session } from '../graph/session.js'
import { type Evaluation, topClasses } from '../spec/evaluation.js'
import type { PredictedClasses } from '../spec/evaluation-records.js'
import type { MetricRow } from '../spec/metrics.js'
import type { TrainingPlan } from '../spec/training-options.js'
import { evaluationOf, PredictionCounter, withCurves } from '../training-control/evaluation.js'
import { startEvaluation } from './input.js'
import { positionsOf, type RecordRange } from './record-range.js'

/** Outputs of the signature `evaluate`, for one batch. */
export function evaluationOutputs(logits: Tensor, labels: Tensor, classes: number) {
  const probabilities = softmax(logits)
  return {
    lossSum: reduceSum(sparseSoftmaxCrossEntropy(logits, labels)),
    predicted: cast(argMax(logits, 1), 'int32'),
    labels,
    probability: reduceMax(probabilities, [1]),
    labelProbability: reduceSum(mul(probabilities, oneHot(labels, classes)), [1]),
    ...(classes > topClasses && { inTop: countInTop(logits, labels, classes) }),
    ...(classes === 2 && { probabilities }),
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
  /** What is predicted for each record; null if `evaluation` is. Indices count in the files of the range. */
  records: PredictedClasses | null
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
  const counter = new PredictionCounter(labels)
  const records: PredictedClasses = {
    kind: 'classes',
    index: positionsOf(validation),
    label: new Int32Array(count),
    predicted: new Int32Array(count),
    probability: new Float32Array(count),
    labelProbability: new Float32Array(count),
  }
  const positive = new Float32Array(count)
  let [lossSum, inTop] = [0, 0]
  startEvaluation(session, plan, validation)
  for (let seen = 0; seen < count; seen += plan.batchSize) {
    const outputs = session.run('evaluate')
    lossSum += outputs.number('lossSum')
    if (classes > topClasses) inTop += outputs.number('inTop')
    const guesses = outputs.ints('predicted')
    const batchLabels = outputs.ints('labels')
    records.label.set(batchLabels, seen)
    records.predicted.set(guesses, seen)
    records.probability.set(outputs.floats('probability'), seen)
    records.labelProbability.set(outputs.floats('labelProbability'), seen)
    const probabilities = classes === 2 ? outputs.floats('probabilities') : null
    for (const [i, label] of batchLabels.entries()) {
      counter.add(label, guesses[i]!)
      if (probabilities) positive[seen + i] = probabilities[2 * i + 1]!
    }
  }
  const validationLoss = lossSum / count
  const evaluation = evaluationOf({ ...counter, top5: classes > topClasses ? inTop : null })
  const { accuracy, top5Accuracy } = evaluation
  const values = {
    validationLoss,
    validationAccuracy: accuracy,
    ...(top5Accuracy !== undefined && { validationTop5Accuracy: top5Accuracy }),
  }
  if (!Number.isFinite(validationLoss)) return { values, evaluation: null, records: null }
  return {
    values,
    evaluation: classes === 2 ? withCurves(evaluation, records.label, positive) : evaluation,
    records,
  }
}
