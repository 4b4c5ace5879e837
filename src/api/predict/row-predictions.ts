import type { RowsReport } from '../../serving/row-encoding.js'
import type { BoostingObjective } from '../../spec/boosting-options.js'
import type { RowValues } from '../../spec/ipc-messages.js'
import type { BoostingModel } from '../../spec/model.js'
import { listNames, Notes } from '../../spec/notes.js'
import { type ClassSelection, classFields, defaultOutputs } from './class-predictions.js'
import { notFiniteNote } from './finite-note.js'
import type { PredictionField, PredictionTable } from './prediction-table.js'

/** Columns whose unknown categories a note tells. */
const maxExampleColumns = 5

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
  const notes = notesOf(report)
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

function notesOf({ unknownCategories, passedOver, absent, notes: read = [] }: RowsReport): Notes {
  const notes = new Notes()
  for (const { code, message, columns } of read) notes.add(code, message, columns)
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
  return notes
}

const describeUnknown = ({ column, rows, examples }: RowsReport['unknownCategories'][number]) =>
  `${listNames(examples)} of '${column}', in ${rows} ${rows === 1 ? 'row' : 'rows'}`
