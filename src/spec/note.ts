import { type Static, Type } from 'typebox'
import { type NoteCode, noteCodes } from './note-codes.js'

/** What the server inferred, left out or could not check, and a person may not expect. Not an error. */
export const Note = Type.Object({
  code: Type.Enum(Object.keys(noteCodes) as NoteCode[], { description: 'see docs/errors.md' }),
  message: Type.String({ description: 'names the values, and the field that changes it' }),
  columns: Type.Optional(
    Type.Array(Type.String(), { description: 'the first 20 columns that it is about' }),
  ),
})
export type Note = Static<typeof Note>

export const NoteList = Type.Array(Note, {
  description: 'what was inferred or left out, and may not be expected',
})
