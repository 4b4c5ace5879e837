import type { Job } from '../../spec/job.js'
import { Card } from '../ui/parts.js'

/** What a person who wrote the request may not expect. */
export function Notes({ job }: { job: Job }) {
  if (job.notes.length === 0) return null
  return (
    <Card title="What the server inferred">
      <ul class="notes">
        {job.notes.map(({ code, message, columns }) => (
          <li key={code + message}>
            {message}
            {columns && columns.length > 0 && <span class="soft"> ({columns.join(', ')})</span>}
          </li>
        ))}
      </ul>
    </Card>
  )
}
