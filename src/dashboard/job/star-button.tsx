import type { Job } from '../../spec/job.js'
import { isStarred, starLabel, starValue } from '../jobs/job-row.js'
import { client } from '../server/session.js'
import { Button } from '../ui/button.js'

interface StarButtonProps {
  job: Job
  onChange: (job: Job) => void
}

export function StarButton({ job, onChange }: StarButtonProps) {
  const starred = isStarred(job)
  return (
    <Button
      kind="quiet"
      icon="star"
      class="job-star"
      label={starred ? 'Remove the star' : 'Mark with a star'}
      pressed={starred}
      onClick={async () => {
        const labels = { [starLabel]: starred ? null : starValue }
        onChange(await client.jobs.update(job.id, { labels }))
      }}
    />
  )
}
