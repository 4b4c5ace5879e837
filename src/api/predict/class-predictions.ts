import type { Probabilities } from '../../spec/ipc-messages.js'
import type { NetworkModel, Prediction } from '../../spec/model.js'
import type { PredictionsAnswer } from './answer.js'

/** Probabilities [n, classes] → for each row its most probable label, and all probabilities. */
export function classPredictions(
  { id, version, labels }: NetworkModel,
  { probabilities, classes }: Probabilities,
): PredictionsAnswer {
  return {
    head: { model: id, version, labels },
    count: probabilities.length / classes,
    values: classes,
    prediction(index) {
      const row = probabilities.subarray(index * classes, (index + 1) * classes)
      return [JSON.stringify(toClassPrediction(Array.from(row), labels))]
    },
  }
}

/** Picks the most probable label; the first one if several are equal. */
export function toClassPrediction(probabilities: number[], labels: readonly string[]): Prediction {
  let index = 0
  for (const [i, probability] of probabilities.entries()) {
    if (probability > probabilities[index]!) index = i
  }
  const probability = probabilities[index]!
  return { label: labels[index] ?? String(index), index, probability, probabilities }
}
