import { useMemo } from 'preact/hooks'
import { formatCount } from '../../../presentation/units.js'
import type { NumberRecord } from '../../../spec/evaluation-records.js'
import type { Job } from '../../../spec/job.js'
import { useResource } from '../../server/resource.js'
import { client } from '../../server/session.js'
import { formatMetric } from '../../ui/format.js'
import { Loaded } from '../../ui/load.js'
import { Card, Facts } from '../../ui/parts.js'
import { missingText, RecordRows } from './evaluation-records.js'

const mostDrawn = 1000
const mostListed = 8

/** How far trees that predict numbers are off. */
export function NumericEvaluation({ job }: { job: Job }) {
  const validation = Object.entries(job.metrics).filter(([name]) => name.startsWith('validation'))
  const records = useResource(
    () => client.jobs.evaluationRecords(job.id, { limit: String(mostDrawn) }),
    [job.id],
  )
  const missing = missingText(records.error)
  return (
    <>
      <Card title="On the validation data">
        {validation.length > 0 ? (
          <Facts facts={validation.map(([name, value]) => [name, formatMetric(value)])} />
        ) : (
          <p class="soft">The job has no validation data.</p>
        )}
      </Card>
      {missing !== null ? (
        <p class="soft">{missing}</p>
      ) : (
        <Loaded of={records} label="the residuals">
          {({ items, dataset, evaluated }) => {
            const rows = items as NumberRecord[]
            const worst = rows.slice(0, mostListed)
            return (
              <>
                <Card title="Targets and predictions">
                  <Scatter rows={rows} />
                  <p class="soft">
                    {formatCount(rows.length)} of {formatCount(evaluated)} records
                    {rows.length < evaluated && ', those with the largest residuals'}. On the line,
                    the prediction is exact.
                  </p>
                </Card>
                <Card title="Largest residuals">
                  <RecordRows
                    dataset={dataset}
                    indices={worst.map(({ index }) => index)}
                    titles={['Target', 'Predicted', 'Target − predicted']}
                    valuesOf={i => {
                      const { target, predicted, residual } = worst[i]!
                      return [target, predicted, residual].map(value => formatMetric(value))
                    }}
                  />
                </Card>
              </>
            )
          }}
        </Loaded>
      )}
    </>
  )
}

const side = 320

function Scatter({ rows }: { rows: readonly NumberRecord[] }) {
  const points = useMemo(
    () =>
      rows.flatMap(({ index, target, predicted }) =>
        predicted === null ? [] : [{ index, target, predicted }],
      ),
    [rows],
  )
  const values = points.flatMap(({ target, predicted }) => [target, predicted])
  const low = values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY)
  const high = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)
  if (points.length === 0) return <p class="soft">No prediction is a number.</p>
  const place = (value: number) => ((value - low) / (high - low || 1)) * side
  return (
    <svg
      class="scatter"
      viewBox={`-46 -8 ${side + 54} ${side + 40}`}
      role="img"
      aria-label={`Predictions of ${points.length} records against their targets, from ${formatMetric(low)} to ${formatMetric(high)}`}
    >
      <rect x={0} y={0} width={side} height={side} />
      <line x1={0} y1={side} x2={side} y2={0} />
      {points.map(({ index, target, predicted }) => (
        <circle key={index} cx={place(target)} cy={side - place(predicted)} r={2.5}>
          <title>
            record {index}: target {formatMetric(target)}, predicted {formatMetric(predicted)}
          </title>
        </circle>
      ))}
      <text x={0} y={side + 14}>
        {formatMetric(low)}
      </text>
      <text x={side / 2} y={side + 14} text-anchor="middle">
        target
      </text>
      <text x={side} y={side + 14} text-anchor="end">
        {formatMetric(high)}
      </text>
      <text x={-6} y={side} text-anchor="end">
        {formatMetric(low)}
      </text>
      <text x={-6} y={10} text-anchor="end">
        {formatMetric(high)}
      </text>
      <text x={-12} y={side / 2} text-anchor="middle" transform={`rotate(-90 -12 ${side / 2})`}>
        predicted
      </text>
    </svg>
  )
}
