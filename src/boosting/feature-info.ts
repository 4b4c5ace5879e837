import { CStringArray } from './capi.js'
import type { Column } from './training-table.js'

/** What XGBoost is told of columns: q is a quantity, c a category. */
export const featureInfo = (
  columns: readonly Column[],
): readonly (readonly [string, CStringArray])[] => [
  ['feature_name', new CStringArray(columns.map(column => column.name))],
  [
    'feature_type',
    new CStringArray(columns.map(column => (column.categories === null ? 'q' : 'c'))),
  ],
]
