import type { Tensor } from '../graph/graph.js'
import { constant } from '../graph/ops/constant.js'
import { gather } from '../graph/ops/gather.js'
import { div, mul, sub } from '../graph/ops/math.js'
import { reduceMean, reduceSum } from '../graph/ops/reduce.js'
import { softmaxCrossEntropy, sparseSoftmaxCrossEntropy } from '../graph/ops/softmax.js'

export interface LossOptions {
  /** Weight of each class; null if all count the same. */
  classWeights: readonly number[] | null
  labelSmoothing: number
}

/** The labels of a batch. */
export interface BatchLabels {
  /** Class numbers [n]. */
  labels: Tensor
  /** Soft labels [n, classes]; null if the class numbers are the targets. */
  targets: Tensor | null
  /** Whether `targets` mix the labels of two images. */
  isMixed: boolean
}

export interface BatchLoss {
  /** Mean cross-entropy of the batch, in nats: what `validationLoss` is of the validation data. */
  loss: Tensor
  /** The same with class weights, as Keras's `class_weight`: the sum over the batch divided by its size. */
  weightedLoss: Tensor | null
}

/** The loss of logits [n, classes]. */
export function batchLoss(logits: Tensor, batch: BatchLabels, options: LossOptions): BatchLoss {
  const { labels, targets } = batch
  const losses = targets
    ? softmaxCrossEntropy(logits, targets)
    : sparseSoftmaxCrossEntropy(logits, labels)
  const { classWeights } = options
  return {
    loss: reduceMean(losses),
    weightedLoss:
      classWeights &&
      reduceMean(mul(losses, recordWeights(batch, classWeights, options.labelSmoothing))),
  }
}

/** The weight of each record's class; of mixed images, the mean of both weights by their shares. */
function recordWeights(
  { labels, targets, isMixed }: BatchLabels,
  classWeights: readonly number[],
  labelSmoothing: number,
): Tensor {
  const weights = constant(labels.node.graph, classWeights)
  if (!targets || !isMixed) return gather(weights, labels)
  const sum = classWeights.reduce((total, weight) => total + weight, 0)
  const smoothed = (labelSmoothing / classWeights.length) * sum
  return div(sub(reduceSum(mul(targets, weights), [1]), smoothed), 1 - labelSmoothing)
}
