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

const maxNotes = 100
const maxColumns = 20

/** Collects notes. A wide table may have a reason for one in every column, so one note names many columns. */
export class Notes {
  readonly all: Note[] = []

  add(code: NoteCode, message: string, columns?: readonly string[]): void {
    if (this.all.length === maxNotes) return
    this.all.push({ code, message, ...(columns && { columns: columns.slice(0, maxColumns) }) })
  }
}

/** Lists names for a message: `'a', 'b' and 3 more`. */
export function listNames(names: readonly string[], maxListed = 10): string {
  const shown = names.slice(0, maxListed).map(name => `'${name}'`)
  const more = names.length - shown.length
  return `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
