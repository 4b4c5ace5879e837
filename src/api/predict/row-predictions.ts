import type { BoostingObjective } from '../../spec/boosting-options.js'
import type { RowValues } from '../../spec/ipc-messages.js'
import type { BoostingModel, Explanation, RowPrediction } from '../../spec/model.js'
import type { PredictionsAnswer } from './answer.js'
import { toClassPrediction } from './class-predictions.js'

/** XGBoost's outputs → one prediction for each row, in the form that the objective has. */
export function rowPredictions(model: BoostingModel, result: RowValues): PredictionsAnswer {
  const { id, version, labels, input } = model
  const { objective, quantile } = model.model
  const { values, outputs, explanations } = result
  return {
    head: {
      model: id,
      version,
      ...(labels.length > 0 && { labels }),
      ...(quantile.length > 0 && { quantiles: quantile }),
    },
    count: values.length / outputs,
    values: explanations ? outputs * (input.columns.length + 1) : outputs,
    prediction(row) {
      const rowOutputs = Array.from(values.subarray(row * outputs, (row + 1) * outputs))
      const json = JSON.stringify(rowFormatters[objective](rowOutputs, labels))
      return explanations ? withExplanations(json, model, result, row) : [json]
    },
  }
}

/** Adds the field `explanations` to an object in JSON, a piece for each explanation. */
function* withExplanations(
  json: string,
  model: BoostingModel,
  result: RowValues,
  row: number,
): Generator<string> {
  yield `${json.slice(0, -1)},"explanations":[`
  for (let output = 0; output < result.outputs; output++) {
    yield `${output > 0 ? ',' : ''}${JSON.stringify(explanationOf(model, result, row, output))}`
  }
  yield ']}'
}

type RowFormatter = (outputs: number[], labels: readonly string[]) => RowPrediction

const singleValue: RowFormatter = ([value]) => ({ value: value! })

const rowFormatters: Record<BoostingObjective, RowFormatter> = {
  regression: singleValue,
  absoluteError: singleValue,
  huber: singleValue,
  poisson: singleValue,
  gamma: singleValue,
  tweedie: singleValue,
  quantile: values => ({ values }),
  ranking: ([score]) => ({ score: score! }),
  binary: ([positive], labels) => toClassPrediction([1 - positive!, positive!], labels),
  multiclass: (probabilities, labels) => toClassPrediction(probabilities, labels),
}

function explanationOf(
  { input }: BoostingModel,
  { outputs, explanations }: RowValues,
  row: number,
  output: number,
): Explanation {
  const { margins, contributions } = explanations!
  const width = input.columns.length + 1
  const index = row * outputs + output
  const rowContributions = contributions.subarray(index * width, (index + 1) * width)
  return {
    margin: margins[index]!,
    bias: rowContributions[width - 1]!,
    contributions: Object.fromEntries(
      input.columns.map(({ name }, i) => [name, rowContributions[i]!]),
    ),
  }
}
