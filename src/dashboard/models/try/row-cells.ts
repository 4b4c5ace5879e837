import type { Cell } from '../../../spec/dataset.js'
import type { FeatureColumn } from '../../../spec/feature-column.js'
import type { BoostingView } from '../model-words.js'

/** What the form holds for each column: a text of a number, the name of a category, true or false; null is missing. */
export type RowTexts = Readonly<Record<string, string | null>>

/** A column of the form. `isNeeded`: a row without it is refused. */
export interface FormColumn extends FeatureColumn {
  isNeeded?: boolean
}

/** The inputs of the model; the offset, which is no feature, comes last. */
export function formColumns({ input }: BoostingView): FormColumn[] {
  const { columns, offset } = input
  if (offset === undefined) return columns
  return [...columns, { name: offset, type: 'number', categories: null, isNeeded: true }]
}

export function textsOf(
  row: Readonly<Record<string, unknown>>,
  columns: readonly FormColumn[],
): RowTexts {
  const text = (value: unknown) => (value === null || value === undefined ? null : String(value))
  return Object.fromEntries(columns.map(({ name }) => [name, text(row[name])]))
}

export interface ReadRow {
  row: Record<string, Cell>
  /** By column: why what was typed is no value. */
  errors: Record<string, string>
}

/** The row that the form describes. */
export function readRow(texts: RowTexts, columns: readonly FormColumn[]): ReadRow {
  const row: Record<string, Cell> = {}
  const errors: Record<string, string> = {}
  for (const { name, type, isNeeded } of columns) {
    const text = texts[name] ?? null
    const isMissing = text === null || (type !== 'category' && text.trim() === '')
    if (isMissing) {
      row[name] = null
      if (isNeeded) errors[name] = 'Each row needs a value here.'
    } else if (type === 'category') row[name] = text
    else if (type === 'boolean') row[name] = text === 'true'
    else {
      const number = Number(text.trim().replace(',', '.'))
      row[name] = number
      if (!Number.isFinite(number))
        errors[name] = `${text} is no number. Leave it empty for a missing value.`
    }
  }
  return { row, errors }
}
