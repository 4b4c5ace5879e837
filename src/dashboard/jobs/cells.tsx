import type { ComponentChildren } from 'preact'
import type { MetricPoint, MetricValue } from '../../spec/metrics.js'
import { formatDuration, formatMetric, formatPercent, plainText } from '../ui/format.js'
import { Icon } from '../ui/icon.js'
import { Meter } from '../ui/parts.js'
import { Status } from '../ui/status.js'
import { Age, Duration } from '../ui/time.js'
import type { Column } from './columns.js'
import { type JobRow, starLabel, valueAt } from './job-row.js'
import { addFilter, type Filter } from './list-state.js'
import type { QueuePlace } from './queue-places.js'
import type { StepValues } from './step-values.js'

/** A value that narrows the list to the jobs that have it too. By keyboard, the filter box does the same. */
const FilterValue = ({ filter, children }: { filter: Filter; children: ComponentChildren }) => (
  <button
    type="button"
    class="filter-value"
    tabIndex={-1}
    title={`Show only ${filter.name} ${filter.value}`}
    onClick={() => addFilter(filter)}
  >
    {children}
  </button>
)

interface CellProps {
  column: Column
  row: JobRow
  place: QueuePlace | undefined
  stepValues: StepValues
}

export function Cell({ column: { id }, row, place, stepValues }: CellProps) {
  switch (id) {
    case 'name':
      return null
    case 'status':
      return (
        <>
          <FilterValue filter={{ name: 'status', value: row.status }}>
            <Status status={row.status} requested={row.requested} />
          </FilterValue>
          {place?.waitingFor && (
            <span class="waiting" title={`Waits: ${plainText(place.waitingFor)}`}>
              <Icon name="alert" />
              <span class="only-heard">Waits: {plainText(place.waitingFor)}</span>
            </span>
          )}
        </>
      )
    case 'progress':
      return <Progress row={row} />
    case 'progress.etaSeconds':
      return <>{row.status === 'running' ? formatDuration(row.progress.etaSeconds) : ''}</>
    case 'queue':
      return <Queue row={row} place={place} />
    case 'model.kind':
      return <Model row={row} />
    case 'dataset.name': {
      const name = row.dataset?.name
      return name ? (
        <FilterValue filter={{ name: 'dataset', value: name }}>{name}</FilterValue>
      ) : null
    }
    case 'labels':
      return <Labels row={row} />
    case 'createdAt':
    case 'startedAt':
    case 'finishedAt':
      return row[id] ? <Age time={row[id]} /> : null
    case 'duration':
      return row.startedAt ? <Duration from={row.startedAt} to={endOf(row)} /> : null
    case 'priority':
    case 'attempt':
      return <>{row[id]}</>
    default:
      if (id.startsWith('at.')) return <StepValue point={stepValues(id, row)} />
      return <OtherValue id={id} row={row} />
  }
}

/** The end of a job; a paused one does not say when it was paused. */
const endOf = ({ status, finishedAt, startedAt }: JobRow) =>
  status === 'running' ? null : (finishedAt ?? startedAt)

function Progress({ row: { status, phase, progress, name } }: { row: JobRow }) {
  if (status === 'queued' && progress.step === 0) return null
  const tone = { succeeded: 'good', failed: 'danger', paused: 'warning' } as const
  const isActive = status === 'running'
  return (
    <span
      class="job-cell-progress"
      title={`step ${progress.step} of ${progress.steps}${isActive && phase ? `, ${phase}` : ''}`}
    >
      <Meter
        share={progress.fraction}
        label={`Progress of ${name}`}
        tone={status in tone ? tone[status as keyof typeof tone] : 'busy'}
      />
      <span>{formatPercent(progress.fraction, 0)}</span>
    </span>
  )
}

function Queue({ row, place }: { row: JobRow; place: QueuePlace | undefined }) {
  if (row.status !== 'queued' || !place?.queue) return null
  const { position, startsInSeconds } = place.queue
  return (
    <>
      {position === 1 ? 'next' : `place ${position}`}
      {startsInSeconds !== null && <span class="faint"> in {formatDuration(startsInSeconds)}</span>}
    </>
  )
}

function Model({ row }: { row: JobRow }) {
  const kind = row.model?.kind
  if (row.predict?.model) return <span title={`${kind}`}>predicts {row.predict.model}</span>
  return typeof kind === 'string' ? (
    <FilterValue filter={{ name: 'model', value: kind }}>{kind}</FilterValue>
  ) : null
}

const Labels = ({ row }: { row: JobRow }) => (
  <span class="labels">
    {Object.entries(row.labels)
      .filter(([key]) => key !== starLabel)
      .map(([key, value]) => (
        <FilterValue key={key} filter={{ name: 'label', value: `${key}:${value}` }}>
          <span class="label">
            {key}
            {value && <b>{value}</b>}
          </span>
        </FilterValue>
      ))}
  </span>
)

const StepValue = ({ point }: { point: MetricPoint | null | undefined }) =>
  point ? <span title={`at step ${point.step}`}>{formatMetric(point.value)}</span> : null

function OtherValue({ id, row }: { id: string; row: JobRow }): ComponentChildren {
  const value = cellValue(id, row)
  if (value === undefined || value === null) return null
  if (id.startsWith('labels.')) {
    return (
      <FilterValue filter={{ name: 'label', value: `${id.slice(7)}:${value}` }}>
        {String(value)}
      </FilterValue>
    )
  }
  if (id.startsWith('best.') && !id.endsWith('.step')) {
    const { value: best, step } = value as { value: number; step: number }
    return <span title={`at step ${step}`}>{formatMetric(best)}</span>
  }
  if (id.startsWith('metrics.')) return formatMetric(value as MetricValue)
  if (typeof value === 'object') return JSON.stringify(value)
  const isSetting = /^(model|training)\./.test(id)
  const text = typeof value === 'number' ? formatMetric(value) : String(value)
  return isSetting && !text.includes(',') ? (
    <FilterValue filter={{ name: 'where', value: `${id}=${value}` }}>{text}</FilterValue>
  ) : (
    text
  )
}

/** What a column of a metric, a label or a setting shows of a job. */
export const cellValue = (id: string, row: JobRow): unknown => valueAt(row, id)
