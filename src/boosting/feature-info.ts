import { CStringArray } from './capi.js'
import type { Column } from './training-table.js'

/** Column names and types for XGBoost: `q` is quantitative, `c` categorical. */
export const featureInfo = (
  columns: readonly Column[],
): readonly (readonly [string, CStringArray])[] => [
  ['feature_name', new CStringArray(columns.map(column => column.name))],
  [
    'feature_type',
    new CStringArray(columns.map(column => (column.categories === null ? 'q' : 'c'))),
  ],
]
