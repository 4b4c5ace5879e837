import { useEffect, useState } from 'preact/hooks'
import { formatCount } from '../../presentation/units.js'
import type { Delivery, DeliveryAttempt } from '../../spec/webhook.js'
import { pathTo } from '../place.js'
import { useRefresh, useResource } from '../server/resource.js'
import { client } from '../server/session.js'
import { Button } from '../ui/button.js'
import { formatTime } from '../ui/format.js'
import { Loaded } from '../ui/load.js'
import { Badge, Card, Empty } from '../ui/parts.js'
import { TableBox } from '../ui/table-box.js'
import { Age } from '../ui/time.js'
import { eventTitles } from './webhook-events.js'

const firstDeliveries = 50
/** The longest page of the API. */
const mostDeliveries = 1000
const refreshMs = 5000

const tones = { pending: 'busy', delivered: 'good', failed: 'danger' } as const

interface DeliveryLogProps {
  id: string
  /** Changes when a ping was sent. */
  pings: number
}

/** What was sent to a webhook, with each attempt. */
export function DeliveryLog({ id, pings }: DeliveryLogProps) {
  const [limit, setLimit] = useState(firstDeliveries)
  const deliveries = useResource(
    () => client.webhooks.deliveries(id, { limit: String(limit) }),
    [id, limit],
  )
  const { reload } = deliveries
  useRefresh(deliveries, refreshMs)
  useEffect(() => {
    if (pings > 0) reload()
  }, [pings, reload])
  return (
    <Card title={<>Delivery log of {id}</>}>
      <Loaded of={deliveries} label="the delivery log">
        {({ items, damaged, total }) => (
          <>
            {items.length > 0 ? (
              <DeliveryTable items={items} />
            ) : (
              <Empty icon="server" title="Nothing was sent yet">
                <p>
                  Messages follow when jobs or models change from now on. A ping shows whether the
                  receiver answers.
                </p>
              </Empty>
            )}
            {damaged.map(({ file, reason }) => (
              <p key={file} class="field-error">
                A delivery cannot be read: <code>{file}</code>, {reason}
              </p>
            ))}
            {total > items.length && (
              <p class="row soft">
                The newest {formatCount(items.length)} of {formatCount(total)} are shown.
                {limit < mostDeliveries && (
                  <Button onClick={() => setLimit(Math.min(limit * 4, mostDeliveries))}>
                    Show more
                  </Button>
                )}
              </p>
            )}
          </>
        )}
      </Loaded>
    </Card>
  )
}

const DeliveryTable = ({ items }: { items: readonly Delivery[] }) => (
  <TableBox label="Deliveries" class="deliveries">
    <thead>
      <tr>
        <th scope="col">Event</th>
        <th scope="col">Status</th>
        <th scope="col">Attempts</th>
        <th scope="col">At</th>
        <th scope="col">Of</th>
      </tr>
    </thead>
    <tbody>
      {items.map(({ id, event, job, at, status, attempts, nextAttemptAt }) => (
        <tr key={id}>
          <th scope="row">{event === 'ping' ? 'ping' : eventTitles[event]}</th>
          <td>
            <Badge tone={tones[status]}>{status}</Badge>
          </td>
          <td>
            <Attempts attempts={attempts} nextAt={nextAttemptAt} />
          </td>
          <td>
            <Age time={at} />
          </td>
          <td>{job !== null && <a href={`#${pathTo('jobs', job)}`}>{job}</a>}</td>
        </tr>
      ))}
    </tbody>
  </TableBox>
)

interface AttemptsProps {
  attempts: readonly DeliveryAttempt[]
  nextAt: string | null
}

function Attempts({ attempts, nextAt }: AttemptsProps) {
  const last = attempts.at(-1)
  return (
    <>
      {last ? (
        <details>
          <summary>
            {attempts.length} {attempts.length === 1 ? 'attempt' : 'attempts'}: {resultOf(last)}
          </summary>
          <ol class="attempts">
            {attempts.map(attempt => (
              <li key={attempt.startedAt}>
                {formatTime(attempt.startedAt)}: {resultOf(attempt)}
              </li>
            ))}
          </ol>
        </details>
      ) : (
        <span class="soft">none yet</span>
      )}
      {nextAt !== null && <p class="soft">next attempt {formatTime(nextAt)}</p>}
    </>
  )
}

function resultOf({ statusCode, error, durationMs }: DeliveryAttempt): string {
  if (durationMs === null) return 'not ended yet'
  return `${error ?? `answered ${statusCode}`} (${formatCount(durationMs)} ms)`
}
