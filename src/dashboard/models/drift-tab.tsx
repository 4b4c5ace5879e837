import { formatCount } from '../../presentation/units.js'
import type { DriftPart, DriftReport, FeatureDrift } from '../../spec/model-watch.js'
import { setQuery } from '../place.js'
import { useResource } from '../server/resource.js'
import { client } from '../server/session.js'
import { Button } from '../ui/button.js'
import { Field } from '../ui/field.js'
import { formatMetric } from '../ui/format.js'
import { Loaded } from '../ui/load.js'
import { Badge, Card, Empty, Facts, TableScroll } from '../ui/parts.js'
import type { ModelTabProps } from './use-model.js'

/** What the version predicts from and answers, compared with its training. */
export function DriftTab({ model, query }: ModelTabProps) {
  const from = query.get('from') ?? ''
  const to = query.get('to') ?? ''
  const report = useResource(
    () =>
      client.models.drift(model.id, {
        version: String(model.version),
        ...(from && { from }),
        ...(to && { to }),
      }),
    [from, to],
  )
  return (
    <Loaded of={report} label="the drift report">
      {shown => (
        <div class="stack">
          <Card
            title={`Drift of version ${shown.version}`}
            actions={
              <Button icon="refresh" kind="quiet" label="Read again" onClick={report.reload} />
            }
          >
            <div class="row">
              <DayField
                label="From"
                value={from || shown.from}
                onChange={day => setQuery({ from: day })}
              />
              <DayField label="To" value={to || shown.to} onChange={day => setQuery({ to: day })} />
              {(from || to) && (
                <Button kind="quiet" onClick={() => setQuery({ from: null, to: null })}>
                  Last seven days
                </Button>
              )}
            </div>
            <Facts
              facts={[
                ['Predicted', `${formatCount(shown.rows.predicted)} records`],
                ['Counted', `${formatCount(shown.rows.counted)} records`],
                ['Moderate from PSI', shown.thresholds.moderate],
                ['Large from PSI', shown.thresholds.large],
              ]}
            />
            {shown.notes.map(({ code, message }) => (
              <p key={code} class="soft">
                {message}
              </p>
            ))}
          </Card>
          {shown.inputs || shown.scores ? (
            <>
              <Part title="Inputs" part={shown.inputs} report={shown} />
              <Part title="Answers" part={shown.scores} report={shown} />
            </>
          ) : (
            <Card>
              <Empty icon="chart" title="There is nothing to compare with">
                <p>The version has no record of what it was trained on.</p>
              </Empty>
            </Card>
          )}
        </div>
      )}
    </Loaded>
  )
}

interface DayFieldProps {
  label: string
  value: string
  onChange: (day: string) => void
}

const DayField = ({ label, value, onChange }: DayFieldProps) => (
  <Field label={label}>
    {control => (
      <input
        {...control}
        class="input"
        type="date"
        value={value}
        onChange={event => event.currentTarget.value && onChange(event.currentTarget.value)}
      />
    )}
  </Field>
)

const tones = { none: 'good', moderate: 'warning', large: 'danger', not_enough: 'neutral' } as const
const words = {
  none: 'no drift',
  moderate: 'moderate drift',
  large: 'large drift',
  not_enough: 'too few records',
} as const

interface PartProps {
  title: string
  part: DriftPart | null
  report: DriftReport
}

function Part({ title, part, report }: PartProps) {
  if (!part) return null
  const { reference, features, status } = part
  return (
    <Card title={title} actions={<Badge tone={tones[status]}>{words[status]}</Badge>}>
      <p class="soft">
        Compared with {formatCount(reference.rows)} of {formatCount(reference.of)} {reference.part}{' '}
        records.
      </p>
      <TableScroll label={`Drift of ${title.toLowerCase()}`}>
        <table class="table">
          <thead>
            <tr>
              <th scope="col">{title === 'Inputs' ? 'Input' : 'Answer'}</th>
              <th scope="col">Drift</th>
              <th scope="col" class="number">
                PSI
              </th>
              <th scope="col" class="number">
                Jensen–Shannon
              </th>
              <th scope="col" class="number">
                KS
              </th>
              <th scope="col">Training, live</th>
            </tr>
          </thead>
          <tbody>
            {features.map(feature => (
              <tr key={feature.name}>
                <th scope="row">{feature.name}</th>
                <td>
                  <Badge tone={tones[feature.status]}>{words[feature.status]}</Badge>
                  {feature.rowsNeeded !== null && feature.psi === null && (
                    <span class="soft">
                      {' '}
                      {formatCount(report.rows.counted)} of {formatCount(feature.rowsNeeded)}
                    </span>
                  )}
                </td>
                <td class="number">{formatMetric(feature.psi)}</td>
                <td class="number">{formatMetric(feature.jensenShannon)}</td>
                <td class="number">{formatMetric(feature.ks)}</td>
                <td>
                  <Bins feature={feature} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableScroll>
    </Card>
  )
}

/** Both distributions as small bars, the shares of the training and of the predictions in pairs. */
function Bins({ feature }: { feature: FeatureDrift }) {
  const { bins } = feature
  const total = (key: 'reference' | 'live') =>
    Math.max(
      bins.reduce((sum, bin) => sum + bin[key], 0),
      1,
    )
  const [trained, live] = [total('reference'), total('live')]
  const largest = Math.max(
    ...bins.flatMap(bin => [bin.reference / trained, bin.live / live]),
    1e-12,
  )
  const pair = 8
  const height = (share: number) => (share / largest) * 28
  return (
    <svg
      class="bins"
      width={bins.length * pair}
      height={28}
      role="img"
      aria-label={`Distribution of ${feature.name} in training and in predictions`}
    >
      {bins.map((bin, i) => (
        <g key={bin.name}>
          <title>
            {bin.name}: training {formatCount(bin.reference)}, live {formatCount(bin.live)}
          </title>
          <rect
            class="trained"
            x={i * pair}
            y={28 - height(bin.reference / trained)}
            width={3}
            height={height(bin.reference / trained)}
          />
          <rect
            class="live"
            x={i * pair + 3}
            y={28 - height(bin.live / live)}
            width={3}
            height={height(bin.live / live)}
          />
        </g>
      ))}
    </svg>
  )
}
