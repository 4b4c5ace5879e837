import { parseRow, type TaggedRow } from './job-row.js'

/** About 3 KB each. Of more jobs, those that were parsed first are parsed again. */
const maxRows = 12_000

interface Parsed {
  document: string
  state: string
  row: TaggedRow
}

/**
 * Parses what the index has of jobs. It keeps the rows of those that do not run, most of which have ended and no
 * longer change: to parse them is most of the work of a sorted list of thousands of jobs. Callers share these rows and must not change them.
 */
export class ParsedRows {
  private readonly kept = new Map<string, Parsed>()

  parse(id: string, document: string, state: string): TaggedRow {
    const known = this.kept.get(id)
    if (known?.document === document && known.state === state) return known.row
    const row = parseRow(id, document, state)
    this.kept.delete(id)
    // the live state of a running job is written into its row
    if (row.row.status !== 'running') {
      this.kept.set(id, { document, state, row })
      for (const oldest of this.kept.keys()) {
        if (this.kept.size <= maxRows) break
        this.kept.delete(oldest)
      }
    }
    return row
  }
}
