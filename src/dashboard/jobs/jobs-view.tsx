import { useChanges } from '../server/changes.js'
import { useResource } from '../server/resource.js'
import { client } from '../server/session.js'
import { Loaded } from '../ui/load.js'
import { Page } from '../ui/parts.js'
import { Status } from '../ui/status.js'

export default function JobsView() {
  const jobs = useResource(() => client.jobs(), [])
  useChanges(['job'], jobs.reload, jobs.reload)
  return (
    <Page title="Jobs">
      <Loaded of={jobs} label="jobs">
        {({ items }) => (
          <ul>
            {items.map(job => (
              <li key={job.id}>
                {job.name} <Status status={job.status} />
              </li>
            ))}
          </ul>
        )}
      </Loaded>
    </Page>
  )
}
