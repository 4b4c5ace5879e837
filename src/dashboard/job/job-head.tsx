import { formatCount } from '../../presentation/units.js'
import type { Job } from '../../spec/job.js'
import { placeUrl } from '../place.js'
import { formatDuration, plainText } from '../ui/format.js'
import { Icon } from '../ui/icon.js'
import { Card, Meter } from '../ui/parts.js'
import { FailureNote } from './failure-note.js'
import { hasEnded, stepWord } from './use-job.js'

/** How far the job is and what it waits for; shown above every tab. */
export function JobHead({ job }: { job: Job }) {
  const { progress, status, failure, labels } = job
  const tone = ({ succeeded: 'good', failed: 'danger', paused: 'warning' } as const)[
    status as 'succeeded'
  ]
  return (
    <div class="stack job-head">
      <Card>
        <div class="job-state">
          <Meter
            share={progress.fraction}
            label={`Progress of ${job.name}`}
            tone={tone ?? 'busy'}
          />
          <p class="row">
            <strong>{phaseText(job)}</strong>
            <span>
              {stepWord(job)} {formatCount(progress.step)} of {formatCount(progress.steps)}
            </span>
            <span class="soft">{Math.floor(progress.fraction * 100)} %</span>
            {progress.etaSeconds !== null && (
              <span class="soft">about {formatDuration(progress.etaSeconds)} left</span>
            )}
            <Attempt job={job} />
          </p>
        </div>
        {Object.keys(labels).length > 0 && (
          <ul class="chips" aria-label="Labels">
            {Object.entries(labels).map(([key, value]) => (
              <li key={key}>
                <a href={placeUrl('/jobs', { label: `${key}:${value}` })}>
                  {key}
                  {value && <span class="soft">: {value}</span>}
                </a>
              </li>
            ))}
          </ul>
        )}
      </Card>
      {job.waitingFor !== null && !hasEnded(job) && (
        <div class="notice warning" role="status">
          <Icon name="alert" />
          <p>Waiting: {plainText(job.waitingFor)}</p>
        </div>
      )}
      {failure && <FailureNote failure={failure} />}
    </div>
  )
}

const phases = {
  preparing: 'Preparing',
  training: 'Training',
  evaluating: 'Evaluating',
  predicting: 'Predicting',
  saving: 'Saving',
}

function phaseText({ status, phase, queue, requested, result }: Job): string {
  if (requested === 'pause') return 'Saves a checkpoint, then pauses'
  if (requested === 'cancel') return 'Ends its training'
  if (status === 'running') return phase ? phases[phase] : 'Starting'
  if (status === 'queued') return queue ? queueText(queue) : 'In the queue'
  if (status === 'paused') return 'Paused: it goes on from its last checkpoint'
  if (status === 'succeeded') return result?.stoppedEarly ? 'Stopped early, as asked' : 'Done'
  return status === 'failed' ? 'Failed' : 'Cancelled'
}

function queueText({ position, startsInSeconds }: NonNullable<Job['queue']>): string {
  const place =
    position === 1 ? 'Next in the queue' : `Number ${formatCount(position)} in the queue`
  return startsInSeconds === null
    ? place
    : `${place}, starts in about ${formatDuration(startsInSeconds)}`
}

function Attempt({ job: { attempt, progress, predict, model } }: { job: Job }) {
  if (attempt < 2) return null
  const { resumedFrom } = progress
  const from =
    resumedFrom === null || resumedFrom === 0
      ? 'from the beginning'
      : `resumed from ${stepWord({ predict, model })} ${formatCount(resumedFrom)}`
  return (
    <span class="soft">
      attempt {attempt}, {from}
    </span>
  )
}
