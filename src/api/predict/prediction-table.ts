// The predictions of a request before they are written, so that all formats write the same numbers. It is plain data,
// which another thread can write.

import { type PredictionField, withTop } from '../../predictions/fields.js'

/** SHAP values of all predictions. */
export interface ExplanationFields {
  /** Labels or quantiles; empty if there is one explanation for each prediction. */
  outputs: readonly string[]
  columns: readonly string[]
  /** [predictions, outputs] */
  margins: Float32Array
  /** [predictions, outputs, columns + 1], of which the last is the bias. */
  contributions: Float32Array
}

export interface PredictionTable {
  /** The fields before `predictions`. */
  head: object
  count: number
  fields: PredictionField[]
  /** The most probable classes of each prediction: fields that are lists of the same length. */
  top: PredictionField[] | null
  explanations: ExplanationFields | null
}

/** Numbers that are written at once; more would hold the event loop. */
export const valuesPerSlice = 10_000

/** Numbers in one prediction. */
export function valuesPerPrediction({ fields, top, explanations }: PredictionTable): number {
  const lengths = [...fields, ...(top ?? [])].map(({ items }) => items?.length ?? 1)
  const own = lengths.reduce((sum, length) => sum + length, 0)
  if (!explanations) return own
  return own + Math.max(1, explanations.outputs.length) * (explanations.columns.length + 2)
}

export const isSmallTable = (table: PredictionTable): boolean =>
  table.count * valuesPerPrediction(table) <= valuesPerSlice

/** Predictions that have a number which is NaN or infinite. */
export function countNotFinite({ fields, explanations, count }: PredictionTable): number {
  const lists = [
    ...fields.filter(({ texts }) => !texts).map(({ values }) => values),
    ...(explanations ? [explanations.margins, explanations.contributions] : []),
  ]
  const areNumbers = lists.every(values => values.every(value => value - value === 0))
  if (areNumbers) return 0
  let found = 0
  for (let row = 0; row < count; row++) {
    const hasOther = lists.some(values => {
      const width = values.length / count
      return values.subarray(row * width, (row + 1) * width).some(value => value - value !== 0)
    })
    if (hasOther) found++
  }
  return found
}

/** Every field as one that has its own numbers: explanations by column, and lists of the most probable classes. */
export function flatFields(table: PredictionTable): PredictionField[] {
  const { fields, top, explanations, count } = table
  return [...withTop(fields, top), ...(explanations ? explanationFields(explanations, count) : [])]
}

function explanationFields(explanations: ExplanationFields, count: number): PredictionField[] {
  const { outputs, columns, margins, contributions } = explanations
  const width = columns.length + 1
  const explained = count * Math.max(1, outputs.length)
  const field = (name: string, values: Float32Array): PredictionField => ({
    name,
    values,
    ...(outputs.length > 0 && { items: outputs }),
  })
  const contributionsOf = (column: number) =>
    Float32Array.from({ length: explained }, (_, i) => contributions[i * width + column]!)
  return [
    field('margin', margins),
    field('bias', contributionsOf(columns.length)),
    ...columns.map((name, column) => field(`shap.${name}`, contributionsOf(column))),
  ]
}
