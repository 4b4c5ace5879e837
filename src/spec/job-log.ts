import { type Static, Type } from 'typebox'
import { Timestamp } from './identifiers.js'
import { NextCursor } from './paging.js'

export const LogLine = Type.Object({
  attempt: Type.Integer({ description: 'number of the attempt, from 1' }),
  time: Timestamp,
  line: Type.String(),
})
export type LogLine = Static<typeof LogLine>

export const LogPage = Type.Object({
  items: Type.Array(LogLine, { description: 'oldest first' }),
  nextCursor: NextCursor,
})
export type LogPage = Static<typeof LogPage>
