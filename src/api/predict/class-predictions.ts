import type { Probabilities } from '../../spec/ipc-messages.js'
import type { NetworkModel, Prediction, Predictions } from '../../spec/model.js'

/** Probabilities [n, classes] → for each row its most probable label, and all probabilities. */
export function toClassPredictions(
  model: NetworkModel,
  { probabilities, classes }: Probabilities,
): Predictions {
  const predictions: Prediction[] = []
  for (let start = 0; start < probabilities.length; start += classes) {
    const row = Array.from(probabilities.subarray(start, start + classes))
    predictions.push(toClassPrediction(row, model.labels))
  }
  const { id, version, labels } = model
  return { model: id, version, labels, predictions }
}

/** Picks the most probable label; the first one if several are equal. */
export function toClassPrediction(probabilities: number[], labels: readonly string[]): Prediction {
  const probability = Math.max(...probabilities)
  const index = probabilities.indexOf(probability)
  return { label: labels[index] ?? String(index), index, probability, probabilities }
}
