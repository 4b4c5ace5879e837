import type { ReadinessCheck } from '../../spec/readiness.js'
import type { ServerInfo } from '../../spec/server-info.js'
import { plainText } from '../ui/format.js'
import { Badge, Card, type Tone } from '../ui/parts.js'
import { Duration } from '../ui/time.js'

type CheckName = ReadinessCheck['name']

const titles: Record<CheckName, string> = {
  disk: 'Disk',
  redis: 'Redis',
  predictor: 'Predictions',
  worker: 'Workers',
}

/** What stands still until a check succeeds, and what to do. */
const cures: Record<CheckName, string> = {
  disk: 'Jobs and uploads wait, and go on by themselves once files can be written. Delete what is not needed, or give the data folder a larger disk.',
  redis:
    'No job is accepted or started; running ones go on. The Redis that npm start runs starts again by itself. For one of your own, see that it runs at REDIS_URL.',
  predictor:
    'Predictions are refused; training goes on. The process starts again by itself in some seconds. If it does not, the log of the server says why.',
  worker: 'Jobs are accepted and wait for a worker.',
}

const badges: Record<ReadinessCheck['status'], readonly [tone: Tone, word: string]> = {
  ok: ['good', 'works'],
  warning: ['warning', 'warning'],
  starting: ['warning', 'starts'],
  failed: ['danger', 'fails'],
  unknown: ['warning', 'unknown'],
}

const isNotReady = ({ checks }: ServerInfo) =>
  checks.some(({ status }) => status === 'failed' || status === 'starting')

export function OverallBadge({ server }: { server: ServerInfo }) {
  if (isNotReady(server)) return <Badge tone="danger">not ready</Badge>
  const isWhole = server.checks.every(({ status }) => status === 'ok')
  return isWhole ? <Badge tone="good">ready</Badge> : <Badge tone="warning">degraded</Badge>
}

/** The checks of GET /readyz, with what to do about those that do not succeed. */
export const HealthCard = ({ server }: { server: ServerInfo }) => (
  <Card
    title="Health"
    actions={
      <span class="soft">
        up for <Duration from={server.startedAt} to={null} />
      </span>
    }
  >
    <ul class="checks" aria-live="polite">
      {server.checks.map(({ name, status, detail }) => (
        <li key={name}>
          <div class="row">
            <h3>{titles[name]}</h3>
            <Badge tone={badges[status][0]}>{badges[status][1]}</Badge>
          </div>
          <p>{plainText(detail)}</p>
          {status !== 'ok' && status !== 'starting' && <p class="soft">{cures[name]}</p>}
        </li>
      ))}
    </ul>
    {server.problems.map(({ part, message }) => (
      <p key={part} class="field-error">
        Not known: {part}. {message}
      </p>
    ))}
  </Card>
)
