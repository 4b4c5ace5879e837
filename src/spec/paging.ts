import { type TSchema, Type } from 'typebox'
import type { DamagedItem } from './damage.js'
import { DamagedItems } from './damaged-items.js'
import { nullable } from './nullable.js'
import { optionalWithDefault } from './optional-with-default.js'

export const PageQuery = {
  limit: optionalWithDefault(
    Type.Integer({ minimum: 1, maximum: 1000, default: 50, description: 'items per page' }),
  ),
  cursor: Type.Optional(
    Type.String({ maxLength: 2048, description: 'nextCursor of the previous page' }),
  ),
}

/** Entries have no comma, which separates them. */
const listOf = (maxItems: number, description: string) =>
  Type.Optional(
    Type.Array(Type.String({ maxLength: 400, pattern: '^[^,]*$' }), {
      minItems: 1,
      maxItems,
      description,
    }),
  )

/** The query of a list that can be sorted and filtered by fields of its items. */
export const ListQuery = {
  ...PageQuery,
  sort: listOf(
    4,
    'fields or metrics to sort by, the first counts most; `-` before one sorts descending. Items without a value come last. Example: -validationAccuracy,createdAt',
  ),
  where: listOf(
    16,
    'conditions on fields or metrics: a name, then one of = != < <= > >= ^= (begins with), then a value; an item must meet all. Example: validationAccuracy>0.9',
  ),
  fields: listOf(
    64,
    'the only fields of each item in the answer. Example: id,name,status,metrics.loss',
  ),
}

export const NextCursor = nullable(Type.String(), 'cursor of the next page; null on the last page')

export const page = <T extends TSchema>(item: T) =>
  Type.Object(
    {
      items: Type.Array(item),
      damaged: DamagedItems,
      total: Type.Integer({ description: 'number of items on all pages' }),
      nextCursor: NextCursor,
    },
    { description: 'a page' },
  )

export interface Page<T> {
  items: T[]
  damaged: DamagedItem[]
  total: number
  nextCursor: string | null
}
