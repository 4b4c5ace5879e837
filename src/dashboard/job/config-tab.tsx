import type { Job } from '../../spec/job.js'
import { place, setQuery } from '../place.js'
import { serverUrl } from '../server/session.js'
import { Code } from '../ui/code.js'
import { TextInput } from '../ui/field.js'
import { Badge, Card, Empty, TableScroll } from '../ui/parts.js'
import { curlCommand, optionsOf } from './job-options.js'
import { Notes } from './notes.js'
import type { JobTabProps } from './use-job.js'

/** What was asked for, and what the job does. */
export function ConfigTab({ job }: JobTabProps) {
  return (
    <div class="stack">
      <Notes job={job} />
      <Options job={job} />
      <div class="grid">
        <Card title="Request, as it was sent">
          {job.request ? (
            <Code label="the request" text={JSON.stringify(job.request, null, 2)} />
          ) : (
            <p class="soft">An older version of the server took this job and did not keep it.</p>
          )}
        </Card>
        {job.request && (
          <Card title="Submit it again with curl">
            <Code label="the command" text={curlCommand(serverUrl, job.request)} />
          </Card>
        )}
      </div>
    </div>
  )
}

function Options({ job }: { job: Job }) {
  const search = place.value.query.get('q') ?? ''
  const options = optionsOf(job)
  const shown = options.filter(({ path, value }) =>
    `${path} ${value}`.toLowerCase().includes(search.toLowerCase()),
  )
  return (
    <Card
      title="Options"
      actions={
        <TextInput
          type="search"
          label="Search the options"
          placeholder="Search"
          value={search}
          onChange={q => setQuery({ q })}
        />
      }
    >
      {shown.length === 0 ? (
        <Empty icon="search" title={`No option has ${search}`} />
      ) : (
        <TableScroll label="Options" class="options">
          <table class="table">
            <thead>
              <tr>
                <th scope="col">Option</th>
                <th scope="col">Value</th>
                <th scope="col">
                  <span class="only-heard">Where it is from</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {shown.map(({ path, value, isGiven }) => (
                <tr key={path}>
                  <th scope="row">
                    <code>{path}</code>
                  </th>
                  <td class="option-value">{value}</td>
                  <td>
                    {isGiven ? <Badge tone="good">given</Badge> : isGiven === false && 'default'}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </TableScroll>
      )}
    </Card>
  )
}
