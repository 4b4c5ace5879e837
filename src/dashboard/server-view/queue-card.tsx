import { useMemo } from 'preact/hooks'
import { formatCount } from '../../presentation/units.js'
import type { Job, JobStatus } from '../../spec/job.js'
import type { ServerInfo } from '../../spec/server-info.js'
import { pathTo, placeUrl } from '../place.js'
import { useChanges } from '../server/changes.js'
import { throttled, useRefresh, useResource, withoutError } from '../server/resource.js'
import { client } from '../server/session.js'
import { LinkButton } from '../ui/button.js'
import { formatDuration, plainText } from '../ui/format.js'
import { Loaded } from '../ui/load.js'
import { Card, Empty } from '../ui/parts.js'
import { TableBox } from '../ui/table-box.js'
import { Age } from '../ui/time.js'

const shownJobs = 10
/** Of how many queued jobs the page looks for the next ones: no list is sorted by the place in the queue. */
const readJobs = 500
const refreshMs = 5000

const statuses: readonly JobStatus[] = [
  ...(['queued', 'running', 'paused'] as const),
  ...(['succeeded', 'failed', 'cancelled'] as const),
]

type QueuedJob = Pick<Job, 'id' | 'name' | 'queue' | 'priority' | 'waitingFor' | 'createdAt'>

interface QueueCardProps {
  server: ServerInfo
  isLost: boolean
}

/** How many jobs there are in each state, and which of the queue are next. */
export function QueueCard({ server, isLost }: QueueCardProps) {
  const queued = useResource(
    () =>
      client.jobs.list({
        status: 'queued',
        sort: '-priority,createdAt',
        fields: 'id,name,queue,priority,waitingFor,createdAt',
        limit: String(readJobs),
      }),
    [],
  )
  useRefresh(queued, refreshMs)
  const reloadSoon = useMemo(() => throttled(queued.reload, 1000), [queued.reload])
  useChanges(['job'], ({ data: change }) => 'progress' in change || reloadSoon(), reloadSoon)
  const { jobs: counts } = server
  return (
    <Card
      title="Queue"
      actions={
        <LinkButton kind="quiet" href={placeUrl('/jobs', { status: 'queued' })}>
          All queued jobs
        </LinkButton>
      }
    >
      {counts && (
        <>
          <ul class="counts">
            {statuses.map(status => (
              <li key={status}>
                <a href={placeUrl('/jobs', { status })}>
                  <strong>{formatCount(counts[status])}</strong> {status}
                </a>
              </li>
            ))}
          </ul>
          {counts.queued > 0 && (
            <p class="soft">
              The oldest waits for {formatDuration(counts.oldestWaitingSeconds)}.
              {counts.held > 0 &&
                ` ${formatCount(counts.held)} wait for a worker with more memory.`}
            </p>
          )}
        </>
      )}
      <Loaded of={withoutError(queued, isLost)} label="the queue">
        {({ items, total }) =>
          items.length === 0 ? (
            <Empty icon="check" title="No job waits">
              <LinkButton icon="add" href="#/jobs/new">
                New job
              </LinkButton>
            </Empty>
          ) : (
            <>
              <QueueTable items={nextJobs(items)} />
              {total > shownJobs && (
                <p class="soft">
                  {formatCount(total - Math.min(items.length, shownJobs))} more wait.
                  {total > items.length &&
                    ` The next ones are looked for among the ${formatCount(items.length)} with the highest priority.`}
                </p>
              )}
            </>
          )
        }
      </Loaded>
    </Card>
  )
}

const placeOf = ({ queue }: QueuedJob) => queue?.position ?? Number.POSITIVE_INFINITY

const nextJobs = (items: readonly QueuedJob[]): QueuedJob[] =>
  items
    .toSorted((a, b) => {
      const [first, second] = [placeOf(a), placeOf(b)]
      return first === second ? a.createdAt.localeCompare(b.createdAt) : first - second
    })
    .slice(0, shownJobs)

const QueueTable = ({ items }: { items: readonly QueuedJob[] }) => (
  <TableBox label="Next jobs of the queue">
    <thead>
      <tr>
        <th scope="col">Place</th>
        <th scope="col">Job</th>
        <th scope="col" class="number">
          Priority
        </th>
        <th scope="col">Submitted</th>
        <th scope="col">Starts in about</th>
        <th scope="col">Waits for</th>
      </tr>
    </thead>
    <tbody>
      {items.map(({ id, name, queue, priority, createdAt, waitingFor }) => (
        <tr key={id}>
          <td>{queue?.position ?? '–'}</td>
          <th scope="row">
            <a href={`#${pathTo('jobs', id)}`}>{name}</a>
          </th>
          <td class="number">{priority}</td>
          <td>
            <Age time={createdAt} />
          </td>
          <td>{queue?.startsInSeconds == null ? '–' : formatDuration(queue.startsInSeconds)}</td>
          <td class="wraps">{plainText(waitingFor ?? 'a free slot')}</td>
        </tr>
      ))}
    </tbody>
  </TableBox>
)
