import { type BoostingObjective, isClassification } from '../spec/boosting-options.js'
import type { RowValues } from '../spec/ipc-messages.js'
import type { BoostingManifest } from '../spec/model.js'
import { type ClassSelection, classFields } from './class-fields.js'
import type { PredictionField } from './fields.js'

/** XGBoost's outputs → the fields of the predictions, as the objective has them, and the most probable classes. */
export function rowFields(
  { labels, model: { objective, quantile } }: Pick<BoostingManifest, 'labels' | 'model'>,
  { values, outputs }: Pick<RowValues, 'values' | 'outputs'>,
  selection: ClassSelection,
): ReturnType<typeof classFields> {
  if (!isClassification(objective))
    return { fields: [valueField(objective, values, quantile.map(String))], top: null }
  if (objective !== 'binary')
    return classFields({ classes: outputs, labels, probabilities: values }, selection)
  return classFields({ classes: 2, labels, probabilities: bothClasses(values) }, selection)
}

/** Of two classes, XGBoost gives the probability of the second. The other one may need more digits than float32 has. */
function bothClasses(values: Float32Array): Float64Array {
  const probabilities = new Float64Array(2 * values.length)
  for (let row = 0; row < values.length; row++) {
    const positive = values[row]!
    probabilities[2 * row] = 1 - positive
    probabilities[2 * row + 1] = positive
  }
  return probabilities
}

function valueField(
  objective: BoostingObjective,
  values: Float32Array,
  quantiles: readonly string[],
): PredictionField {
  if (objective === 'quantile') return { name: 'values', values, items: quantiles }
  return { name: objective === 'ranking' ? 'score' : 'value', values }
}
