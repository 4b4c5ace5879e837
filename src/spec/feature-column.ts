import { type Static, Type } from 'typebox'

/** A column as a model wants it: codes of categories are indices, true is 1. */
export const FeatureColumn = Type.Object({
  name: Type.String(),
  type: Type.Enum(['number', 'integer', 'boolean', 'category']),
  categories: Type.Union([Type.Array(Type.String()), Type.Null()], {
    description: 'of a category; by code',
  }),
})
export type FeatureColumn = Static<typeof FeatureColumn>

/** A column as XGBoost wants it described: how many categories there are, or null for numbers. */
export const withCategoryCount = ({
  name,
  categories,
}: Pick<FeatureColumn, 'name' | 'categories'>): { name: string; categories: number | null } => ({
  name,
  categories: categories?.length ?? null,
})
