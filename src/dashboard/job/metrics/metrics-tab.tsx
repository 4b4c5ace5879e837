import { useMemo } from 'preact/hooks'
import { groupMetrics } from '../../../presentation/metric-groups.js'
import { formatCount } from '../../../presentation/units.js'
import type { Job } from '../../../spec/job.js'
import { chartChoices } from '../../charts/chart-choices.js'
import { ChartControls } from '../../charts/chart-controls.js'
import { type Run, runOf, xKinds } from '../../charts/x-axis.js'
import { place, setQuery } from '../../place.js'
import { Button } from '../../ui/button.js'
import { Checkbox } from '../../ui/field.js'
import { Loading } from '../../ui/load.js'
import { Card, Empty } from '../../ui/parts.js'
import { ProblemNote } from '../../ui/problem.js'
import { useCheckpoints } from '../checkpoints-tab.js'
import { hasEnded, type JobTabProps } from '../use-job.js'
import { MetricChart } from './metric-chart.js'
import { eventsOf } from './run-events.js'
import { type LiveMetrics, useMetrics } from './use-metrics.js'
import { useZoomedPoints } from './use-zoomed-points.js'
import { type Range, setZoom, stepsIn, zoomOf } from './zoom.js'

/** The curves of all metrics, which grow while the job trains. */
export function MetricsTab({ job }: JobTabProps) {
  const metrics = useMetrics(job)
  const checkpoints = useCheckpoints(job)
  const showsEvents = place.value.query.get('events') !== '0'
  const events = showsEvents ? eventsOf(job, checkpoints.data?.items ?? [], metrics.points) : []
  const { stepsPerEpoch } = runOf(job)
  const { x: kind } = chartChoices()
  const zoom = zoomOf(kind)
  const zoomed = useZoomedPoints(job, zoom && stepsIn(zoom, kind, stepsPerEpoch))
  return (
    <div class="stack">
      <Card>
        <ChartControls kinds={stepsPerEpoch ? xKinds : xKinds.filter(kind => kind !== 'epoch')}>
          <Checkbox
            checked={showsEvents}
            onChange={isChosen => setQuery({ events: isChosen ? null : 0 })}
          >
            Checkpoints and attempts
          </Checkbox>
          {zoom ? (
            <Button icon="search" onClick={() => setZoom(kind, null)}>
              Show all
            </Button>
          ) : (
            <span class="faint zoom-hint">Drag in a chart to zoom</span>
          )}
        </ChartControls>
      </Card>
      <StreamNote job={job} metrics={metrics} />
      <Charts
        job={job}
        metrics={zoomed ? { ...metrics, points: zoomed } : metrics}
        events={events}
        zoom={zoom}
      />
    </div>
  )
}

interface ChartsProps {
  job: Job
  metrics: LiveMetrics
  events: ReturnType<typeof eventsOf>
  zoom?: Range | null
  /** Only the first charts. */
  most?: number
}

export function Charts({ job, metrics, events, zoom = null, most = 100 }: ChartsProps) {
  const { points } = metrics
  const names = points && Object.keys(points).sort().join(' ')
  const groups = useMemo(() => groupMetrics(names ? names.split(' ') : []), [names])
  const run: Run = runOf(job)
  const options = chartChoices()
  if (!points) return metrics.error === undefined ? <Loading label="the metrics" /> : null
  if (groups.length === 0) {
    return (
      <Card>
        <Empty icon="chart" title="Nothing is measured yet">
          <p>
            {hasEnded(job)
              ? 'The job ended before its first measurement.'
              : 'The first values come after the first steps of the training.'}
          </p>
        </Empty>
      </Card>
    )
  }
  return (
    <div class="grid charts">
      {groups.slice(0, most).map(group => (
        <MetricChart
          key={group.name}
          group={group}
          points={points}
          run={run}
          options={options}
          events={events}
          zoom={zoom}
        />
      ))}
    </div>
  )
}

/** What the curves lack. */
function StreamNote({ job, metrics }: { job: Job; metrics: LiveMetrics }) {
  const { error, damagedLines, state } = metrics
  return (
    <>
      {error !== undefined && <ProblemNote error={error} />}
      {state === 'lost' && !hasEnded(job) && (
        <p class="soft" role="status">
          The server does not answer. The curves go on without a gap once it does.
        </p>
      )}
      {damagedLines > 0 && (
        <p class="field-error">
          {formatCount(damagedLines)} damaged {damagedLines === 1 ? 'line' : 'lines'} of the metrics
          log {damagedLines === 1 ? 'is' : 'are'} left out.
        </p>
      )}
    </>
  )
}
