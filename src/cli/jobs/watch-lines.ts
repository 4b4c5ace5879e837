import type { JobStreamEvent } from '../../client/client.js'
import { metricsInOrder } from '../../presentation/metric-groups.js'
import { formatDuration } from '../../presentation/units.js'
import type { Job } from '../../spec/job.js'
import type { LoggedRow } from '../../spec/metrics.js'
import { formatClock, formatMetric, formatPercent } from '../terminal/format.js'
import { statusText, unitOf } from './job-words.js'

/** A job as lines of text, one for each change. */
export class WatchLines {
  private job: Job
  private lastState = ''

  constructor(job: Job) {
    this.job = job
  }

  /** The line of an event; null if nothing has changed that a person sees. */
  lineOf(event: JobStreamEvent): string | null {
    return event.event === 'job' ? this.stateLine(event.data) : this.rowLine(event.data)
  }

  stateLine(job: Job): string | null {
    this.job = job
    const state = stateText(job)
    if (state === this.lastState) return null
    this.lastState = state
    return `${formatClock(timeOf(job))}  ${state}`
  }

  private rowLine({ step, time, values }: LoggedRow): string {
    const { steps } = this.job.progress
    const share = steps > 0 ? ` (${formatPercent(step / steps)})` : ''
    const metrics = metricsInOrder(Object.keys(values)).map(
      name => `${name} ${formatMetric(values[name])}`,
    )
    return `${formatClock(time)}  ${unitOf(this.job)} ${step} of ${steps}${share}  ${metrics.join('  ')}`
  }
}

/** Of the last change of its status. */
const timeOf = ({ transitions, createdAt }: Job) => transitions.at(-1)?.at ?? createdAt

/** `queued, position 2`, `running, attempt 2 from step 200`, `succeeded: model digits, version 3`. */
function stateText(job: Job): string {
  const { queue, waitingFor, attempt, progress, status, failure } = job
  const details = []
  if (waitingFor !== null) details.push(`waits for: ${waitingFor}`)
  if (queue !== null) {
    const { position, startsInSeconds } = queue
    details.push(position === 1 ? 'next' : `position ${position}`)
    if (startsInSeconds !== null) details.push(`starts in ${formatDuration(startsInSeconds)}`)
  }
  if (status === 'running' && attempt > 1) {
    const from = progress.resumedFrom === null ? '' : ` from step ${progress.resumedFrom}`
    details.push(`attempt ${attempt}${from}`)
  }
  if (failure !== null) details.push(failure.code)
  return [statusText(job), ...details].join(', ') + resultText(job)
}

export function resultText({ result }: Job): string {
  if (result === null) return ''
  if (result.dataset) return `: predictions in data set ${result.dataset.name}`
  return `: model ${result.model.id}, version ${result.model.version}`
}
