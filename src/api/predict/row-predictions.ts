import type { RowsReport } from '../../serving/row-encoding.js'
import type { BoostingObjective } from '../../spec/boosting-options.js'
import type { RowValues } from '../../spec/ipc-messages.js'
import type { BoostingModel, Explanation, RowPrediction } from '../../spec/model.js'
import { listNames, type Note, Notes } from '../../spec/notes.js'
import type { PredictionsAnswer } from './answer.js'
import { toClassPrediction } from './class-predictions.js'

/** Columns whose unknown categories a note tells. */
const maxExampleColumns = 5

/** XGBoost's outputs → one prediction for each row, in the form that the objective has. */
export function rowPredictions(
  model: BoostingModel,
  result: RowValues,
  report: RowsReport,
): PredictionsAnswer {
  const { id, version, labels, input } = model
  const { objective, quantile } = model.model
  const { values, outputs, explanations } = result
  return {
    head: {
      model: id,
      version,
      ...(labels.length > 0 && { labels }),
      ...(quantile.length > 0 && { quantiles: quantile }),
      unknownCategories: Object.fromEntries(
        report.unknownCategories.map(({ column, rows }) => [column, rows]),
      ),
      notes: notesOf(report),
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

function notesOf({ unknownCategories, passedOver, absent }: RowsReport): Note[] {
  const notes = new Notes()
  if (unknownCategories.length > 0) {
    const names = unknownCategories.map(({ column }) => column)
    const examples = unknownCategories.slice(0, maxExampleColumns).map(describeUnknown)
    const more = unknownCategories.length - examples.length
    const message = `categories that training has not seen count as missing: ${examples.join('; ')}${more > 0 ? `; and ${more} more columns` : ''}; unknownCategory=error refuses them`
    notes.add('unknown_categories', message, names)
  }
  if (passedOver.length > 0) {
    const message = `columns that the model does not use are passed over: ${listNames(passedOver)}`
    notes.add('columns_passed_over', message, passedOver)
  }
  if (absent.length > 0) {
    const message = `columns that no row has count as missing in all rows: ${listNames(absent)}`
    notes.add('columns_absent', message, absent)
  }
  return notes.all
}

const describeUnknown = ({ column, rows, examples }: RowsReport['unknownCategories'][number]) =>
  `${listNames(examples)} of '${column}', in ${rows} ${rows === 1 ? 'row' : 'rows'}`

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
