import { setImmediate } from 'node:timers/promises'
import type { Numbers, PredictionField } from '../../predictions/fields.js'
import {
  type ExplanationFields,
  type PredictionTable,
  valuesPerPrediction,
  valuesPerSlice,
} from './prediction-table.js'

/** JSON has no NaN and no infinity. As in metrics, they are texts that `Number` and Python's `float` parse. */
export const jsonNumber = (value: number): number | string =>
  Number.isFinite(value) ? value : String(value)

/** Written without the generator of `streamJson`, which takes as long as the rest of a small answer. */
export function toJson(table: PredictionTable): string {
  const { head, count, explanations } = table
  if (explanations) return [...pieces(table)].join('')
  let json = beginningOf(head)
  for (let row = 0; row < count; row++)
    json += `${row > 0 ? ',' : ''}${JSON.stringify(predictionOf(table, row))}`
  return `${json}${end}`
}

const beginningOf = (head: object) => `${JSON.stringify(head).slice(0, -1)},"predictions":[`
const end = ']}'

/** Yields the answer in slices, and lets other requests run between them. */
export async function* streamJson(table: PredictionTable): AsyncGenerator<string> {
  const values = valuesPerPrediction(table)
  let slice = ''
  let written = 0
  for (const piece of pieces(table)) {
    slice += piece
    written += values
    if (slice.length < 16 * valuesPerSlice && written < 10 * valuesPerSlice) continue
    yield slice
    slice = ''
    written = 0
    await setImmediate()
  }
  yield slice
}

function* pieces(table: PredictionTable): Generator<string> {
  const { head, count, explanations } = table
  yield beginningOf(head)
  for (let row = 0; row < count; row++) {
    const json = JSON.stringify(predictionOf(table, row))
    if (row > 0) yield ','
    if (explanations) yield* withExplanations(json, explanations, row)
    else yield json
  }
  yield end
}

function predictionOf({ fields, top }: PredictionTable, row: number) {
  const prediction: Record<string, unknown> = {}
  for (const field of fields) prediction[field.name] = fieldValue(field, row)
  if (top) prediction.top = rankedClasses(top, row)
  return prediction
}

function fieldValue({ values, items, texts }: PredictionField, row: number) {
  if (items) {
    const list = values.subarray(row * items.length, (row + 1) * items.length)
    return Array.from(list as Float32Array, jsonNumber)
  }
  return entryOf(values, texts, row)
}

function entryOf(values: Numbers, texts: readonly string[] | undefined, at: number) {
  const value = values[at]!
  if (texts) return texts[value] ?? null
  return values instanceof Int32Array && value < 0 ? null : jsonNumber(value)
}

const rankedClasses = (top: readonly PredictionField[], row: number) => {
  const { length } = top[0]!.items!
  return Array.from({ length }, (_, rank) =>
    Object.fromEntries(
      top.map(({ name, values, texts }) => [name, entryOf(values, texts, row * length + rank)]),
    ),
  )
}

/** Adds the field `explanations` to an object in JSON, a piece for each explanation. */
function* withExplanations(
  json: string,
  explanations: ExplanationFields,
  row: number,
): Generator<string> {
  const outputs = Math.max(1, explanations.outputs.length)
  yield `${json.slice(0, -1)},"explanations":[`
  for (let output = 0; output < outputs; output++) {
    const explanation = explanationOf(explanations, row * outputs + output)
    yield `${output > 0 ? ',' : ''}${JSON.stringify(explanation)}`
  }
  yield ']}'
}

function explanationOf({ columns, margins, contributions }: ExplanationFields, index: number) {
  const width = columns.length + 1
  const own = contributions.subarray(index * width, (index + 1) * width)
  return {
    margin: jsonNumber(margins[index]!),
    bias: jsonNumber(own[width - 1]!),
    contributions: Object.fromEntries(columns.map((name, i) => [name, jsonNumber(own[i]!)])),
  }
}
