import { parseRow, type TaggedRow } from './job-row.js'

/** About 2 KB each. Of more jobs, those that were parsed first are parsed again. */
export const maxRows = 12_000

/** Of a job that is removed at this moment. */
export const noDigest = '-'

interface Parsed {
  digest: string
  row: TaggedRow
}

/**
 * The rows of the jobs that do not run, most of which have ended and no longer change: to read and parse them is most
 * of the work of a sorted list of thousands of jobs. Callers share these rows and must not change them.
 */
export class ParsedRows {
  private readonly kept = new Map<string, Parsed>()

  /** The row of a job whose entry in the index has not changed since it was parsed. */
  find(id: string, digest: string): TaggedRow | undefined {
    const known = this.kept.get(id)
    return known?.digest === digest ? known.row : undefined
  }

  /** If the entry has changed since its digest was read, the next reader finds another digest. */
  parse(id: string, digest: string, document: string, state: string): TaggedRow {
    const row = parseRow(id, document, state)
    this.kept.delete(id)
    // the live state of a running job is written into its row
    if (digest === noDigest || row.row.status === 'running') return row
    this.kept.set(id, { digest, row })
    for (const oldest of this.kept.keys()) {
      if (this.kept.size <= maxRows) break
      this.kept.delete(oldest)
    }
    return row
  }
}
