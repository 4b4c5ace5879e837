import { metricsInOrder } from '../../presentation/metric-groups.js'
import { formatBytes, formatDuration } from '../../presentation/units.js'
import type { Checkpoint } from '../../spec/checkpoint.js'
import type { Job } from '../../spec/job.js'
import type { Output } from '../output.js'
import { bar } from '../terminal/bar.js'
import { countOf, formatAge, formatMetric, formatTime } from '../terminal/format.js'
import { type Row, rowsText } from '../terminal/rows.js'
import { table } from '../terminal/table.js'
import {
  durationOf,
  hasEnded,
  modelText,
  progressLine,
  statusStyle,
  statusText,
} from './job-words.js'
import { nextCommands } from './next-commands.js'
import { initializedText } from './plan-text.js'

/** All that a person asks of a job, and what to do next. */
export function jobDetails(
  job: Job,
  checkpoints: readonly Checkpoint[],
  output: Output,
  isUnicode: boolean,
): string {
  const bold = (text: string) => output.style('bold', text)
  const rows = [
    ...stateRows(job, output, isUnicode),
    ...failureRows(job, output),
    ...sourceRows(job),
    ...timeRows(job),
    ...checkpointRows(job, checkpoints),
    ...job.notes.map(({ message, code }): Row => ['note', `${message} (${code})`]),
  ]
  return [
    rowsText(rows, output.width, bold),
    ...metricLines(job, output),
    '',
    ...nextCommands(job).map(([what, command]) => `${what}: trainyard ${command}`),
  ].join('\n')
}

function stateRows(job: Job, output: Output, isUnicode: boolean): Row[] {
  const { id, name, phase, queue, waitingFor, attempt, progress } = job
  const details = [
    ...(phase === null ? [] : [phase]),
    ...(attempt > 1 ? [`attempt ${attempt}`] : []),
    ...(progress.resumedFrom ? [`resumed from step ${progress.resumedFrom}`] : []),
  ]
  const paint = (text: string) => output.style(statusStyle(job.status), text)
  return [
    ['job', `${name}  ${id}`],
    ['status', [statusText(job), ...details].join(', '), paint],
    ...(waitingFor === null ? [] : [['waits for', waitingFor] satisfies Row]),
    ...(queue === null ? [] : [['queue', queueText(queue)] satisfies Row]),
    ['progress', barText(job, output, isUnicode) + progressLine(job)],
  ]
}

const barWidth = 24

function barText({ progress }: Job, output: Output, isUnicode: boolean): string {
  const hasRoom = output.width >= 80
  return hasRoom ? `${bar(progress.fraction, barWidth, isUnicode)} ` : ''
}

function queueText({ position, startsInSeconds }: NonNullable<Job['queue']>): string {
  const when =
    startsInSeconds === null ? '' : `, starts in about ${formatDuration(startsInSeconds)}`
  return `${position === 1 ? 'next' : `position ${position}`}${when}`
}

function failureRows({ failure }: Job, output: Output): Row[] {
  if (failure === null) return []
  return [
    ['failure', `${failure.message} (${failure.code})`, text => output.style('red', text)],
    ['cure', failure.help],
  ]
}

function sourceRows(job: Job): Row[] {
  const { dataset, predict, labels, priority, initialized, memory, result } = job
  const labelTexts = Object.entries(labels).map(([key, value]) => `${key}=${value}`)
  const published = result && `${result.model.id}, version ${result.model.version}`
  return [
    ['model', modelText(job)],
    ['data set', `${dataset.name} (${dataset.id})`],
    ...(initialized === null ? [] : [['started from', initializedText(initialized)] satisfies Row]),
    ...(labelTexts.length === 0 ? [] : [['labels', labelTexts.join(' ')] satisfies Row]),
    ...(priority === 0 ? [] : [['priority', String(priority)] satisfies Row]),
    ...(memory === null
      ? []
      : [['memory', `about ${formatBytes(memory.totalBytes)}`] satisfies Row]),
    ...(result?.dataset ? [['predictions', `data set ${result.dataset.name}`] satisfies Row] : []),
    ...(published && !predict ? [['published', `model ${published}`] satisfies Row] : []),
  ]
}

function timeRows(job: Job): Row[] {
  const { createdAt, startedAt, finishedAt } = job
  const at = (time: string) => `${formatTime(time)} (${formatAge(time)} ago)`
  const took = durationOf(job)
  return [
    ['submitted', at(createdAt)],
    ...(startedAt === null ? [] : [['started', at(startedAt)] satisfies Row]),
    ...(finishedAt === null ? [] : [['ended', at(finishedAt)] satisfies Row]),
    ...(took === null
      ? []
      : [[hasEnded(job) ? 'took' : 'runs for', formatDuration(took)] satisfies Row]),
  ]
}

function checkpointRows({ removedCheckpoints }: Job, checkpoints: readonly Checkpoint[]): Row[] {
  const kept = checkpoints.map(({ step, best, latest }) => {
    const marks = [...(best ? ['best'] : []), ...(latest ? ['latest'] : [])].join(', ')
    return `${step}${marks ? ` (${marks})` : ''}`
  })
  return [
    ...(kept.length === 0 ? [] : [['checkpoints', `at step ${kept.join(', ')}`] satisfies Row]),
    ...(removedCheckpoints === null
      ? []
      : [
          [
            'removed',
            `${countOf(removedCheckpoints.steps.length, 'old checkpoint')}`,
          ] satisfies Row,
        ]),
  ]
}

function metricLines(job: Job, output: Output): string[] {
  const names = metricsInOrder(new Set([...Object.keys(job.metrics), ...Object.keys(job.best)]))
  if (names.length === 0) return []
  const columns = [
    { title: 'METRIC', value: (name: string) => name },
    {
      title: 'LAST',
      value: (name: string) => formatMetric(job.metrics[name]),
      align: 'right' as const,
    },
    {
      title: 'BEST',
      value: (name: string) => formatMetric(job.best[name]?.value),
      align: 'right' as const,
    },
    {
      title: 'AT STEP',
      value: (name: string) => String(job.best[name]?.step ?? ''),
      align: 'right' as const,
      rank: 1,
    },
  ]
  return ['', table(names, columns, output.width, text => output.style('bold', text))]
}
