import { formatDuration } from '../../presentation/units.js'
import type { Job } from '../../spec/job.js'
import type { Style } from '../output.js'
import { formatPercent } from '../terminal/format.js'
import { settingsText } from './settings-text.js'

const colours: Record<Job['status'], Style> = {
  queued: 'yellow',
  running: 'cyan',
  paused: 'magenta',
  succeeded: 'green',
  failed: 'red',
  cancelled: 'gray',
}

export const statusStyle = (status: Job['status']): Style => colours[status]

/** The status, and what a running job was asked to do and has not done yet. */
export function statusText({ status, requested }: Pick<Job, 'status' | 'requested'>): string {
  if (requested === 'cancel') return 'cancelling'
  return requested === 'pause' ? 'pausing' : status
}

/** `52 %, 3 min left`, `position 2`, or how it ended. */
export function progressText(job: Job): string {
  const { fraction, etaSeconds } = job.progress
  switch (job.status) {
    case 'queued':
      return queueText(job)
    case 'running': {
      if (job.phase !== null && job.phase !== 'training' && job.phase !== 'predicting') {
        return `${formatPercent(fraction)}, ${job.phase}`
      }
      const left = etaSeconds === null ? '' : `, ${formatDuration(etaSeconds)} left`
      return `${formatPercent(fraction)}${left}`
    }
    case 'failed':
      return `${formatPercent(fraction)}, ${job.failure?.code ?? 'failed'}`
    default:
      return formatPercent(fraction)
  }
}

function queueText({ queue, waitingFor, progress }: Job): string {
  if (waitingFor !== null) return 'waits'
  const done = progress.fraction > 0 ? `${formatPercent(progress.fraction)}, ` : ''
  return queue === null ? `${done}queued` : `${done}position ${queue.position}`
}

export const kindText = ({ model, predict }: Pick<Job, 'model' | 'predict'>): string => {
  if (predict !== null) return 'prediction'
  return 'depth' in model ? `${model.kind}-${model.depth}` : model.kind
}

/** `resnet-8  version=2 stem=cifar`; of a prediction, the version that predicts. */
export function modelText({ model, predict }: Pick<Job, 'model' | 'predict'>): string {
  if (predict !== null) return `${predict.model}, version ${predict.version}, which predicts`
  const { kind: _, ...options } = model
  const { depth: __, ...others } = options as { depth?: number }
  return [kindText({ model, predict }), settingsText(others)].filter(text => text).join('  ')
}

const isOver: readonly Job['status'][] = ['succeeded', 'failed', 'cancelled']
export const hasEnded = ({ status }: Pick<Job, 'status'>): boolean => isOver.includes(status)

/** From the first attempt to the end, or until now; null before it has started. */
export function durationOf({ startedAt, finishedAt }: Job, now = Date.now()): number | null {
  if (startedAt === null) return null
  return ((finishedAt === null ? now : Date.parse(finishedAt)) - Date.parse(startedAt)) / 1000
}

/** What its progress counts. */
export function unitOf({ predict, model }: Pick<Job, 'predict' | 'model'>): string {
  if (predict !== null) return 'record'
  return model.kind === 'boosting' ? 'round' : 'step'
}

/** `60 %  180 of 300 steps, 2 min left`. */
export function progressLine(job: Job): string {
  const { step, steps, fraction, etaSeconds } = job.progress
  const left = etaSeconds === null ? '' : `, ${formatDuration(etaSeconds)} left`
  const early = job.result?.stoppedEarly ? ', stopped early' : ''
  return `${formatPercent(fraction)}  ${step} of ${steps} ${unitOf(job)}s${left}${early}`
}
