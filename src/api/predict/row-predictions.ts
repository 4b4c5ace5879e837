import type { BoostingObjective } from '../../spec/boosting-options.js'
import type { RowValues } from '../../spec/ipc-messages.js'
import type { BoostingModel, Explanation, RowPrediction, RowPredictions } from '../../spec/model.js'
import { toClassPrediction } from './class-predictions.js'

/** XGBoost's outputs → one prediction for each row, in the form that the objective has. */
export function toRowPredictions(model: BoostingModel, result: RowValues): RowPredictions {
  const { id, version, labels } = model
  const { objective, quantile } = model.model
  const { values, outputs } = result
  const predictions: RowPrediction[] = []
  for (let row = 0; row * outputs < values.length; row++) {
    const rowOutputs = Array.from(values.subarray(row * outputs, (row + 1) * outputs))
    const prediction = rowFormatters[objective](rowOutputs, labels)
    if (result.explanations) prediction.explanations = explanationsOf(model, result, row)
    predictions.push(prediction)
  }
  return {
    model: id,
    version,
    ...(labels.length > 0 && { labels }),
    ...(quantile.length > 0 && { quantiles: quantile }),
    predictions,
  }
}

type RowFormatter = (outputs: number[], labels: readonly string[]) => RowPrediction

const singleValue: RowFormatter = ([value]) => ({ value: value! })

const rowFormatters: Record<BoostingObjective, RowFormatter> = {
  regression: singleValue,
  poisson: singleValue,
  quantile: values => ({ values }),
  ranking: ([score]) => ({ score: score! }),
  binary: ([positive], labels) => toClassPrediction([1 - positive!, positive!], labels),
  multiclass: (probabilities, labels) => toClassPrediction(probabilities, labels),
}

function explanationsOf(
  { input }: BoostingModel,
  { outputs, explanations }: RowValues,
  row: number,
): Explanation[] {
  const { margins, contributions } = explanations!
  const width = input.columns.length + 1
  return Array.from({ length: outputs }, (_, output) => {
    const index = row * outputs + output
    const rowContributions = contributions.subarray(index * width, (index + 1) * width)
    return {
      margin: margins[index]!,
      bias: rowContributions[width - 1]!,
      contributions: Object.fromEntries(
        input.columns.map(({ name }, i) => [name, rowContributions[i]!]),
      ),
    }
  })
}
