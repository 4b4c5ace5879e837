import { type Static, Type } from 'typebox'
import { nullable } from './nullable.js'

/** As many as a table may have. */
export const maxColumns = 10_000

/** The name of a column in a request. */
export const ColumnName = Type.String({ minLength: 1, maxLength: 1000 })

/** An input column of a model. A category's code is its index in `categories`; true is 1, false is 0. */
export const FeatureColumn = Type.Object({
  name: Type.String(),
  type: Type.Enum(['number', 'integer', 'boolean', 'category']),
  categories: nullable(
    Type.Array(Type.String()),
    'category names in the order of their codes; null for other types',
  ),
})
export type FeatureColumn = Static<typeof FeatureColumn>
