import type { RowsReport } from '../../serving/row-encoding.js'
import { rowNotes } from '../../serving/row-notes.js'
import type { BoostingObjective } from '../../spec/boosting-options.js'
import type { RowValues } from '../../spec/ipc-messages.js'
import type { BoostingModel } from '../../spec/model.js'
import { type ClassSelection, classFields, defaultOutputs } from './class-predictions.js'
import { notFiniteNote } from './finite-note.js'
import type { PredictionField, PredictionTable } from './prediction-table.js'

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
  const table: PredictionTable = {
    head: {
      model: id,
      version,
      ...(labels.length > 0 && hasLists && { labels }),
      ...(quantile.length > 0 && { quantiles: quantile }),
      unknownCategories: Object.fromEntries(
        report.unknownCategories.map(({ column, rows }) => [column, rows]),
      ),
      notes: notes.all,
    },
    count: values.length / outputs,
    ...(objective === 'binary' || objective === 'multiclass'
      ? classFields({ labels, ...probabilitiesOf(objective, values, outputs) }, selection)
      : { fields: [valueField(objective, values, quantiles)], top: null }),
    explanations: explanations && {
      outputs: objective === 'multiclass' ? labels : quantiles,
      columns: input.columns.map(({ name }) => name),
      ...explanations,
    },
  }
  return notFiniteNote(table, notes)
}

/** Of two classes, XGBoost gives the probability of the second. The other one may need more digits than float32 has. */
function probabilitiesOf(objective: BoostingObjective, values: Float32Array, outputs: number) {
  if (objective !== 'binary') return { classes: outputs, probabilities: values }
  const probabilities = new Float64Array(2 * values.length)
  for (const [row, positive] of values.entries()) {
    probabilities[2 * row] = 1 - positive
    probabilities[2 * row + 1] = positive
  }
  return { classes: 2, probabilities }
}

function valueField(
  objective: BoostingObjective,
  values: Float32Array,
  quantiles: readonly string[],
): PredictionField {
  if (objective === 'quantile') return { name: 'values', values, items: quantiles }
  return { name: objective === 'ranking' ? 'score' : 'value', values }
}
