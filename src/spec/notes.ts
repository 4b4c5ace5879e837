// Apart from the schema in note.ts, so that the process that converts an upload loads no schemas.
import type { Note } from './note.js'
import type { NoteCode } from './note-codes.js'

export type { Note } from './note.js'

const maxNotes = 100
const maxColumns = 20

/** Collects notes. A wide table may have a reason for one in every column, so one note names many columns. */
export class Notes {
  private readonly listed: Note[] = []
  private unlisted = 0

  add(code: NoteCode, message: string, columns?: readonly string[]): void {
    if (this.listed.length === maxNotes) this.unlisted++
    else
      this.listed.push({ code, message, ...(columns && { columns: columns.slice(0, maxColumns) }) })
  }

  /** The first 100 notes; if there are more, one more note counts them. */
  get all(): Note[] {
    if (this.unlisted === 0) return this.listed
    const message = `there are ${this.unlisted} more notes, which are not listed`
    return [...this.listed, { code: 'notes_not_listed', message }]
  }
}

/** Lists names for a message: `'a', 'b' and 3 more`. `show`: how one is written. */
export function listNames(
  names: readonly string[],
  maxListed = 10,
  show = (name: string) => `'${name}'`,
): string {
  const shown = names.slice(0, maxListed).map(show)
  const more = names.length - shown.length
  return `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
