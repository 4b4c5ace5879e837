import type { RowsReport } from '../../predictions/row-encoding.js'
import { isClassification } from '../../spec/boosting-options.js'
import type { ExplainedClass, RowExplanation, RowExplanations } from '../../spec/explanation.js'
import type { RowValues } from '../../spec/ipc-messages.js'
import type { BoostingModel } from '../../spec/model.js'
import { queryConflict } from '../http/http-error.js'
import { indexOf } from './explanation-options.js'
import { jsonNumber } from './json-answer.js'
import { rowPredictions } from './row-predictions.js'

export interface RowExplanationsTable {
  head: Omit<RowExplanations, 'explanations'>
  count: number
  /** Numbers in one explanation. */
  width: number
  explanation(row: number): RowExplanation
}

/** SHAP values of encoded rows, of one output of each. `target`: as in the request. */
export function rowExplanations(
  model: BoostingModel,
  values: RowValues,
  report: RowsReport,
  target: string | undefined,
): RowExplanationsTable {
  const { head, count } = rowPredictions(model, values, report)
  if (!values.explanations) throw new Error('the rows were predicted without SHAP values')
  const { margins, contributions } = values.explanations
  const columns = model.input.columns.map(({ name }) => name)
  const width = columns.length + 1
  const asked = target === undefined ? null : targetOf(model, target)
  const classes = classesOf(model, values)
  const { outputs } = values
  const { quantile } = model.model
  return {
    head: { ...(head as Omit<RowExplanations, 'explanations' | 'method'>), method: 'shap' },
    count,
    width,
    explanation(row) {
      const predicted = classes?.predicted(row) ?? null
      const index = asked ?? predicted?.index ?? Math.floor((quantile.length - 1) / 2)
      // of two classes, the trees speak for the second: for the first, with the opposite sign
      const sign = classes && outputs === 1 && index === 0 ? -1 : 1
      const output = outputs === 1 ? 0 : index
      const at = row * outputs + output
      const own = contributions.subarray(at * width, (at + 1) * width)
      const number = (value: number) => jsonNumber(sign * value) as number
      const target =
        classes?.at(row, index) ??
        (quantile.length > 0 ? { label: String(quantile[index]), index } : null)
      return {
        target,
        predicted,
        ...(classes === null && { value: jsonNumber(values.values[at]!) as number }),
        margin: number(margins[at]!),
        bias: number(own[width - 1]!),
        contributions: Object.fromEntries(columns.map((name, i) => [name, number(own[i]!)])),
      }
    },
  }
}

/** The index of the class or quantile. Throws if the model predicts neither. */
export function targetOf({ id, labels, model }: BoostingModel, target: string): number {
  const names = labels.length > 0 ? labels : model.quantile.map(String)
  const what = labels.length > 0 ? 'class' : 'quantile'
  if (names.length > 0) return indexOf(what, target, names, id)
  const message = `'${id}' predicts one number (its objective is ${model.objective}), so there is no class to explain`
  throw queryConflict('target', message, 'leave it out')
}

/** null if the model predicts no classes. */
function classesOf(
  { labels, model: { objective } }: BoostingModel,
  { values, outputs }: RowValues,
) {
  if (!isClassification(objective)) return null
  const probability = (row: number, index: number): number => {
    if (objective === 'multiclass') return values[row * outputs + index]!
    return index === 1 ? values[row]! : 1 - values[row]!
  }
  const at = (row: number, index: number): ExplainedClass => ({
    label: labels[index]!,
    index,
    probability: jsonNumber(probability(row, index)) as number,
  })
  return {
    at,
    predicted(row: number): ExplainedClass {
      let best = 0
      for (let index = 1; index < labels.length; index++) {
        if (probability(row, index) > probability(row, best)) best = index
      }
      return at(row, best)
    },
  }
}
