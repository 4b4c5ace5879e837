import { type TSchema, Type } from 'typebox'
import { defaulted } from './defaulted.js'

export const PageQuery = {
  limit: defaulted(Type.Integer({ minimum: 1, maximum: 1000, default: 50 })),
  cursor: Type.Optional(
    Type.String({ maxLength: 128, description: "the previous page's nextCursor" }),
  ),
}

export const page = <T extends TSchema>(item: T) =>
  Type.Object(
    { items: Type.Array(item), nextCursor: Type.Union([Type.String(), Type.Null()]) },
    { description: 'a page; null is the cursor of the last one' },
  )

export interface Page<T> {
  items: T[]
  nextCursor: string | null
}
