import { Texts } from './capi.js'
import type { Column } from './training-table.js'

/** What XGBoost is told of columns: q is a quantity, c a category. */
export const columnTexts = (columns: readonly Column[]): readonly (readonly [string, Texts])[] => [
  ['feature_name', new Texts(columns.map(column => column.name))],
  ['feature_type', new Texts(columns.map(column => (column.categories === null ? 'q' : 'c')))],
]
