import type { EntryTable } from './entry-table.js'

/** What an archive holds. Folders are left out; links and devices are problems. */
export interface ArchiveIndex {
  entries: EntryTable
  /** Some names that are not marked as UTF-8 and whose characters are therefore guessed. */
  guessedNames: string[]
}
