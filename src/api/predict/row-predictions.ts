import type { ClassSelection } from '../../predictions/class-fields.js'
import type { RowsReport } from '../../predictions/row-encoding.js'
import { rowFields } from '../../predictions/row-fields.js'
import { rowNotes } from '../../serving/row-notes.js'
import type { RowValues } from '../../spec/ipc-messages.js'
import type { BoostingModel } from '../../spec/model.js'
import { defaultOutputs } from '../../spec/predict-options.js'
import { notFiniteNote } from './finite-note.js'
import type { PredictionTable } from './prediction-table.js'

/** XGBoost's outputs → one prediction for each row, in the form that the objective has. */
export function rowPredictions(
  model: BoostingModel,
  { values, outputs, explanations }: RowValues,
  report: RowsReport,
  selection: ClassSelection = { outputs: defaultOutputs(null), topK: null },
): PredictionTable {
  const { id, version, labels, input } = model
  const { objective, quantile } = model.model
  const quantiles = quantile.map(String)
  const hasLists = selection.topK === null || selection.outputs.includes('probabilities')
  const notes = rowNotes(report)
  const head: Record<string, unknown> = { model: id, version }
  if (labels.length > 0 && hasLists) head.labels = labels
  if (quantile.length > 0) head.quantiles = quantile
  head.unknownCategories = Object.fromEntries(
    report.unknownCategories.map(({ column, rows }) => [column, rows]),
  )
  head.notes = notes.all
  const { fields, top } = rowFields(model, { values, outputs }, selection)
  const table: PredictionTable = {
    head,
    count: values.length / outputs,
    fields,
    top,
    explanations: explanations && {
      outputs: objective === 'multiclass' ? labels : quantiles,
      columns: input.columns.map(({ name }) => name),
      ...explanations,
    },
  }
  return notFiniteNote(table, notes)
}
