import type { DatasetStep } from '../../../spec/dataset-steps.js'
import type { Notes } from '../../../spec/notes.js'
import type { SourceDataset } from '../source-dataset.js'
import type { StepErrors } from '../step-errors.js'
import { castColumns, dropColumns, renameColumns, selectColumns } from './column-steps.js'
import { dropDuplicateRows } from './duplicate-rows.js'
import { joinTable } from './join-table.js'
import { filterRows, sampleRows } from './row-steps.js'
import { splitRows } from './split-rows.js'
import type { TableView } from './table-view.js'

export interface TableStepContext {
  /** The data set that a step names by its id. */
  find(id: string): SourceDataset | null
  errors: StepErrors
  notes: Notes
}

/** Does a step. Adds errors that name its fields if it does not fit the table. */
export function doTableStep(
  step: DatasetStep,
  view: TableView,
  { find, errors, notes }: TableStepContext,
): TableView {
  switch (step.kind) {
    case 'filter':
      return filterRows(step, view, errors)
    case 'sample':
      return sampleRows(step, view, errors)
    case 'split':
      return splitRows(step, view, errors)
    case 'dropDuplicates':
      return dropDuplicateRows(view)
    case 'select':
      return selectColumns(step, view, errors)
    case 'drop':
      return dropColumns(step, view, errors)
    case 'rename':
      return renameColumns(step, view, errors)
    case 'cast':
      return castColumns(step, view, errors)
    case 'join':
      return joinTable(step, view, find(step.dataset), errors, notes)
    default:
      errors.add('/kind', 'wrong_kind', `${step.kind} is a step for images, and this is a table`)
      return view
  }
}
