import { useMemo } from 'preact/hooks'
import { type MetricGroup, metricTitle } from '../../../presentation/metric-groups.js'
import { formatCount } from '../../../presentation/units.js'
import { type CurveOptions, curveOf } from '../../charts/curves.js'
import { formatX, type Run, xValues } from '../../charts/x-axis.js'
import { LineChart } from '../../ui/line-chart.js'
import { Card } from '../../ui/parts.js'
import { hiddenCurves, toggleCurve } from './hidden-curves.js'
import type { MetricPoints } from './metric-history.js'
import { marksOf, nonFinitePoints, type RunEvent } from './run-events.js'
import { type Range, setZoom } from './zoom.js'

interface MetricChartProps {
  group: MetricGroup
  points: MetricPoints
  run: Run
  options: CurveOptions
  events: readonly RunEvent[]
  zoom: Range | null
}

/** NaN and Infinity that are named below a chart; there may be thousands. */
const mostNamed = 3

/** A metric on the training and on the validation data. */
export function MetricChart({ group, points, run, options, events, zoom }: MetricChartProps) {
  const { x: kind, smoothing, isLogX, isLogY } = options
  const { startedAt, stepsPerEpoch } = run
  const names = group.metrics.map(({ name }) => name)
  const hidden = hiddenCurves()
  const isShown = (name: string) => !hidden.includes(name)
  const shownNames = names.filter(isShown).join(' ')
  const series = useMemo(
    () =>
      group.metrics.flatMap(({ name, isValidation }, i) =>
        curveOf(
          { key: name, label: metricTitle(name), colour: i, isDashed: isValidation },
          points[name] ?? [],
          run,
          options,
        ).map(curve => ({ ...curve, isHidden: !isShown(name) })),
      ),
    [group, points, kind, smoothing, isLogX, isLogY, startedAt, stepsPerEpoch, shownNames],
  )
  const lost = useMemo(
    () => nonFinitePoints(names.filter(isShown), points),
    [group, points, shownNames],
  )
  const marks = useMemo(() => {
    const x = xValues(lost, kind, run)
    return [
      ...marksOf(events, kind, run),
      ...lost.map(({ value }, i) => ({ x: x[i]!, label: String(value), tone: 'danger' as const })),
    ]
  }, [lost, events, kind, startedAt, stepsPerEpoch])
  return (
    <Card>
      <LineChart
        title={group.title}
        series={series}
        marks={marks}
        isLogX={isLogX}
        isLogY={isLogY}
        formatX={formatX(kind)}
        syncKey="job"
        onToggle={toggleCurve}
        range={zoom}
        onZoom={range => setZoom(kind, range)}
      />
      {lost.length > 0 && (
        <p class="field-error">
          {lost
            .slice(0, mostNamed)
            .map(({ name, value, step }) => `${name} is ${value} at step ${formatCount(step)}`)
            .join('; ')}
          {lost.length > mostNamed && `, and ${formatCount(lost.length - mostNamed)} more`}
        </p>
      )}
    </Card>
  )
}
