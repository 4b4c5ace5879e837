import { formatCount } from '../../presentation/units.js'
import type { SkippedRecords } from '../../spec/dataset.js'
import type { Note } from '../../spec/note.js'
import { Icon } from '../ui/icon.js'
import { TableScroll } from '../ui/parts.js'

/** What the server inferred, changed or left out. */
export function NoteListing({ notes = [] }: { notes?: readonly Note[] | undefined }) {
  if (notes.length === 0) return null
  return (
    <section class="notice warning" aria-label="Notes of the server">
      <Icon name="alert" />
      <ul class="server-notes">
        {notes.map(({ code, message }) => (
          <li key={`${code} ${message}`}>{message}</li>
        ))}
      </ul>
    </section>
  )
}

/** Images or rows that could not be used, with their places. */
export function SkippedListing({ skipped }: { skipped?: SkippedRecords | undefined }) {
  if (!skipped) return null
  const { records, problems } = skipped
  return (
    <details class="notice-details">
      <summary>
        {formatCount(records)} left out
        {records > problems.length && `, of which these are the first ${problems.length}`}
      </summary>
      <TableScroll label="What was left out">
        <table class="table">
          <thead>
            <tr>
              <th>Place</th>
              <th>Why</th>
            </tr>
          </thead>
          <tbody>
            {problems.map(({ place, reason }) => (
              <tr key={`${place} ${reason}`}>
                <td class="mono">{place}</td>
                <td class="wraps">{reason}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableScroll>
    </details>
  )
}
