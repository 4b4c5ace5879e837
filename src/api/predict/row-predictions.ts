import type { BoostingObjective } from '../../spec/boosting-options.js'
import type { RowValues } from '../../spec/ipc-messages.js'
import type { BoostingModel, Explanation, RowPrediction, RowPredictions } from '../../spec/model.js'
import { ranked } from './class-predictions.js'

/** What XGBoost says of rows, in the words of the objective. */
export function describeRows(model: BoostingModel, answer: RowValues): RowPredictions {
  const { id, version, labels } = model
  const { objective, quantile } = model.model
  const { values, outputs } = answer
  const predictions: RowPrediction[] = []
  for (let row = 0; row * outputs < values.length; row++) {
    const own = Array.from(values.subarray(row * outputs, (row + 1) * outputs))
    const prediction = words[objective](own, labels)
    if (answer.explanations) prediction.explanations = explanationsOf(model, answer, row)
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

type Words = (outputs: number[], labels: readonly string[]) => RowPrediction

const value: Words = ([value]) => ({ value: value! })

const words: Record<BoostingObjective, Words> = {
  regression: value,
  poisson: value,
  quantile: values => ({ values }),
  ranking: ([score]) => ({ score: score! }),
  binary: ([second], labels) => ranked([1 - second!, second!], labels),
  multiclass: (probabilities, labels) => ranked(probabilities, labels),
}

function explanationsOf(
  { input }: BoostingModel,
  { outputs, explanations }: RowValues,
  row: number,
): Explanation[] {
  const { margins, contributions } = explanations!
  const width = input.columns.length + 1
  return Array.from({ length: outputs }, (_, output) => {
    const at = row * outputs + output
    const own = contributions.subarray(at * width, (at + 1) * width)
    return {
      margin: margins[at]!,
      bias: own[width - 1]!,
      contributions: Object.fromEntries(input.columns.map(({ name }, i) => [name, own[i]!])),
    }
  })
}
