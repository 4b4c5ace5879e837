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
    Type.String({ maxLength: 128, description: 'nextCursor of the previous page' }),
  ),
}

export const NextCursor = nullable(Type.String(), 'cursor of the next page; null on the last page')

export const page = <T extends TSchema>(item: T) =>
  Type.Object(
    { items: Type.Array(item), damaged: DamagedItems, nextCursor: NextCursor },
    { description: 'a page' },
  )

export interface Page<T> {
  items: T[]
  damaged: DamagedItem[]
  nextCursor: string | null
}
