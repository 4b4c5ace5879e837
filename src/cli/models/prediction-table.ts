import { formatMetric, formatPercent } from '../terminal/format.js'
import type { Column } from '../terminal/table.js'
import type { Answer, Predicted } from './answers.js'

const probabilityText = (probability: number | undefined) =>
  probability === undefined ? '' : `${(100 * probability).toFixed(1)} %`

/** The columns that the predictions of an answer have, for a person. */
export function predictionColumns({ predictions, quantiles }: Answer): Column<Predicted>[] {
  const has = (field: keyof Predicted) => predictions.some(each => each[field] !== undefined)
  const severalFiles = new Set(predictions.map(({ file }) => file)).size > 1
  const columns: Column<Predicted>[] = []
  if (!has('row') || severalFiles) columns.push({ title: 'FILE', value: ({ file }) => file })
  if (has('row')) {
    columns.push({ title: 'ROW', value: ({ row }) => String(row ?? ''), align: 'right' })
  }
  if (has('label')) columns.push({ title: 'CLASS', value: ({ label }) => label ?? '' })
  if (has('probability')) {
    columns.push({
      title: 'PROBABILITY',
      value: ({ probability }) => probabilityText(probability),
      align: 'right',
    })
  }
  if (has('top')) columns.push({ title: 'MOST PROBABLE', value: topText, rank: 1 })
  if (has('value')) columns.push(numberColumn('VALUE', ({ value }) => value))
  if (has('score')) columns.push(numberColumn('SCORE', ({ score }) => score))
  if (has('values')) {
    for (const [i, quantile] of (quantiles ?? []).entries()) {
      columns.push(numberColumn(formatPercent(quantile), ({ values }) => values?.[i]))
    }
  }
  return columns
}

const numberColumn = (
  title: string,
  numberOf: (prediction: Predicted) => number | undefined,
): Column<Predicted> => ({
  title,
  value: prediction => formatMetric(numberOf(prediction)),
  align: 'right',
})

const topText = ({ top = [] }: Predicted) =>
  top.map(({ label, probability }) => `${label} ${probabilityText(probability)}`).join(', ')
