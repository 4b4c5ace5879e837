import { type Static, Type } from 'typebox'
import { Timestamp } from './identifiers.js'

export const LogLine = Type.Object({
  attempt: Type.Integer(),
  time: Timestamp,
  line: Type.String(),
})
export type LogLine = Static<typeof LogLine>

export const LogPage = Type.Object({
  items: Type.Array(LogLine, { description: 'oldest first' }),
  nextCursor: Type.Union([Type.String(), Type.Null()]),
})
export type LogPage = Static<typeof LogPage>
