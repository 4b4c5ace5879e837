import type { Job } from '../../spec/job.js'
import { client } from '../server/session.js'
import { Button } from '../ui/button.js'

/** A star is a label, so all users and scripts see it. */
const label = 'starred'

interface StarButtonProps {
  job: Job
  onChange: (job: Job) => void
}

export function StarButton({ job, onChange }: StarButtonProps) {
  const isStarred = job.labels[label] === 'yes'
  return (
    <Button
      kind="quiet"
      icon="star"
      class="job-star"
      label={isStarred ? 'Remove the star' : 'Mark with a star'}
      pressed={isStarred}
      onClick={async () => {
        const labels = { [label]: isStarred ? null : 'yes' }
        onChange(await client.updateJob(job.id, { labels }))
      }}
    />
  )
}
