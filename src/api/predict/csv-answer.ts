import { setImmediate } from 'node:timers/promises'
import { columnNames, type PredictionField } from '../../predictions/fields.js'
import {
  flatFields,
  type PredictionTable,
  valuesPerPrediction,
  valuesPerSlice,
} from './prediction-table.js'

/**
 * A header, and a line for each prediction (RFC 4180). Lists have a column for each entry, such as
 * `probabilities.rose`. Texts are in quotes if they need them, and a number has the digits that it has in JSON.
 */
export async function* streamCsv(table: PredictionTable): AsyncGenerator<string> {
  const fields = flatFields(table)
  const linesPerSlice = Math.max(1, Math.floor(valuesPerSlice / valuesPerPrediction(table)))
  let slice = `${fields.flatMap(columnNames).map(quoteIfNeeded).join(',')}\r\n`
  for (let row = 0; row < table.count; row++) {
    slice += `${fields.map(field => cells(field, row)).join(',')}\r\n`
    if ((row + 1) % linesPerSlice > 0) continue
    yield slice
    slice = ''
    await setImmediate()
  }
  yield slice
}

function cells({ values, items, texts }: PredictionField, row: number): string {
  const length = items?.length ?? 1
  const own = Array.from(values.subarray(row * length, (row + 1) * length) as Float32Array)
  if (texts) return own.map(index => quoteIfNeeded(texts[index] ?? '')).join(',')
  const isIndex = values instanceof Int32Array
  return own.map(value => (isIndex && value < 0 ? '' : String(value))).join(',')
}

const quoteIfNeeded = (text: string) =>
  /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
