import type { Probabilities } from '../spec/messages.js'
import type { NetworkModel, Prediction, Predictions } from '../spec/model.js'

/** Rows of probabilities as labels: the most probable one, and all of them. */
export function rankPredictions(
  model: NetworkModel,
  { probabilities, classes }: Probabilities,
): Predictions {
  const predictions: Prediction[] = []
  for (let start = 0; start < probabilities.length; start += classes) {
    const row = Array.from(probabilities.subarray(start, start + classes))
    const probability = Math.max(...row)
    const index = row.indexOf(probability)
    predictions.push({
      label: model.labels[index] ?? String(index),
      index,
      probability,
      probabilities: row,
    })
  }
  const { id, version, labels } = model
  return { model: id, version, labels, predictions }
}
