import type { PredictionOutput } from '../spec/predict-options.js'
import type { PredictionField } from './fields.js'
import { mostProbable } from './most-probable.js'

type Probabilities = Float32Array | Float64Array

/** The classes of predictions, row-major [predictions, classes]. */
export interface ClassValues {
  classes: number
  labels: readonly string[]
  probabilities: Probabilities
  logits?: Float32Array
}

/** What a client asks for. */
export interface ClassSelection {
  outputs: readonly PredictionOutput[]
  topK: number | null
}

/** Fields by the names of `outputs`, and the most probable classes. */
export function classFields(values: ClassValues, { outputs, topK }: ClassSelection) {
  const { classes, probabilities, logits } = values
  const labels = Array.from({ length: classes }, (_, index) => values.labels[index] ?? `${index}`)
  const best = mostProbable(probabilities, classes, 1)
  const fields: PredictionField[] = []
  if (outputs.includes('label')) {
    fields.push({ name: 'label', values: best, texts: labels }, { name: 'index', values: best })
  }
  if (outputs.includes('probability'))
    fields.push({ name: 'probability', values: pick(probabilities, best, classes) })
  if (outputs.includes('probabilities'))
    fields.push({ name: 'probabilities', values: probabilities, items: labels })
  if (outputs.includes('logits') && logits)
    fields.push({ name: 'logits', values: logits, items: labels })
  return {
    fields,
    top: topK === null ? null : rankedFields(probabilities, labels, Math.min(topK, classes)),
  }
}

function rankedFields(
  probabilities: Probabilities,
  labels: readonly string[],
  k: number,
): PredictionField[] {
  const classes = labels.length
  const ranked = mostProbable(probabilities, classes, k)
  const items = Array.from({ length: k }, (_, rank) => String(rank + 1))
  return [
    { name: 'label', values: ranked, texts: labels, items },
    { name: 'index', values: ranked, items },
    { name: 'probability', values: pick(probabilities, ranked, classes), items },
  ]
}

/** The probabilities at indices, of which each row has as many. */
function pick(probabilities: Probabilities, indices: Int32Array, classes: number): Probabilities {
  const k = (indices.length * classes) / probabilities.length
  const picked = new (probabilities.constructor as new (length: number) => Probabilities)(
    indices.length,
  )
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i]!
    picked[i] = index < 0 ? Number.NaN : probabilities[Math.floor(i / k) * classes + index]!
  }
  return picked
}
