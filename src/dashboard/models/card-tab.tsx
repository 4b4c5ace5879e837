import { ProblemError } from '../../client/client.js'
import { formatCount } from '../../presentation/units.js'
import { pathTo } from '../place.js'
import { useResource } from '../server/resource.js'
import { client } from '../server/session.js'
import { formatMetric, formatPercent } from '../ui/format.js'
import { Loaded } from '../ui/load.js'
import { Card, type Fact, Facts, TableScroll } from '../ui/parts.js'
import { Age } from '../ui/time.js'
import { Evaluation } from './evaluation.js'
import { type BoostingView, isBoosting, kindText, type NetworkView } from './model-words.js'
import type { ModelTabProps } from './use-model.js'

/** As many columns are listed at first. */
const maxColumns = 100

/** What a version is: its inputs, options, training and how well it does. */
export function CardTab({ model }: ModelTabProps) {
  return (
    <div class="stack">
      <Card title={`Version ${model.version}`}>
        <Facts
          facts={[
            ['Kind', kindText(model)],
            [
              'Data set',
              <a key="d" href={`#${pathTo('datasets', model.dataset.id)}`}>
                {model.dataset.name}
              </a>,
            ],
            [
              'Trained by',
              <a key="j" href={`#${pathTo('jobs', model.jobId)}`}>
                {model.jobId}
              </a>,
            ],
            [isBoosting(model) ? 'Rounds' : 'Step', formatCount(model.step)],
            ['Created', <Age key="c" time={model.createdAt} />],
            ['Stage', model.stage],
            ['Note', model.note],
            ...Object.entries(model.tags).map(([name, value]) => [`Tag ${name}`, value] as const),
          ]}
        />
      </Card>
      <div class="grid">
        <Card title="Metrics">
          <Facts
            facts={Object.entries(model.metrics).map(([name, value]) => [
              name,
              formatMetric(value),
            ])}
          />
        </Card>
        <Card title="Options of the model">
          <Options of={model.model} />
        </Card>
      </div>
      <Training job={model.jobId} />
      {isBoosting(model) ? (
        <RowInputs model={model} />
      ) : (
        <>
          <ImageInput model={model as NetworkView} />
          <Precision model={model as NetworkView} />
        </>
      )}
      {model.labels.length > 0 && (
        <Card title={`${formatCount(model.labels.length)} classes`}>
          <ol class="chips">
            {model.labels.map(label => (
              <li key={label} class="version-tag">
                {label}
              </li>
            ))}
          </ol>
        </Card>
      )}
      {model.evaluation && <Evaluation evaluation={model.evaluation} labels={model.labels} />}
      {isBoosting(model) && <Importance model={model} />}
    </div>
  )
}

/** Options of any depth, by their paths. What is null or empty is not set. */
const Options = ({ of }: { of: object }) => <Facts facts={leaves(of)} />

function leaves(of: object, path = ''): Fact[] {
  return Object.entries(of).flatMap(([key, value]): Fact[] => {
    const name = path + key
    if (value === null) return []
    if (Array.isArray(value)) return value.length > 0 ? [[name, JSON.stringify(value)]] : []
    return typeof value === 'object' ? leaves(value, `${name}.`) : [[name, String(value)]]
  })
}

function Training({ job }: { job: string }) {
  const trained = useResource(() => client.jobs.get(job).catch(nullIfDeleted), [job])
  return (
    <Card title="Training settings">
      <Loaded of={trained} label="the job">
        {found =>
          found ? (
            <Options of={found.training ?? {}} />
          ) : (
            <p class="faint">The job that trained it was deleted, and its settings with it.</p>
          )
        }
      </Loaded>
    </Card>
  )
}

function nullIfDeleted(error: unknown): null {
  if (error instanceof ProblemError && error.problem.status === 404) return null
  throw error
}

function ImageInput({ model }: { model: NetworkView }) {
  const { input, serving } = model
  const { preprocessing } = input
  const facts: Fact[] = [
    ['Size', `${input.width} x ${input.height} pixels`],
    ['Channels', { 1: '1, brightness', 3: '3, RGB', 4: '4, RGB and opacity' }[input.channels]],
    ['Other sizes', preprocessing?.resize],
    ['Smoothed when made smaller', preprocessing && yesNo(preprocessing.antialias)],
    ['Orientation', preprocessing?.orientation],
    ['Mean', input.mean.map(formatMetric).join(', ')],
    ['Deviation', input.std.map(formatMetric).join(', ')],
    ['Runs in', serving ? `${serving.runtime}, ${serving.precision}` : 'not loaded now'],
    ['Because', serving?.reason],
  ]
  return (
    <Card title="Input and runtime">
      <Facts facts={facts} />
    </Card>
  )
}

const yesNo = (value: boolean | null) => (value === null ? 'not known' : value ? 'yes' : 'no')

/** What it is served in, and what that costs. */
function Precision({ model }: { model: NetworkView }) {
  const { precision } = model
  if (!precision) return null
  const { measured, accuracies, notes } = precision
  return (
    <Card title="Precision">
      <Facts
        facts={[
          ['Asked for', precision.requested],
          ['Served in', precision.served],
          ['Accuracy that it may cost', formatPercent(precision.maxAccuracyLoss, 2)],
          ['Measured on', measured && `${formatCount(measured.images)} ${measured.part} images`],
        ]}
      />
      {accuracies.length > 0 && (
        <TableScroll label="Accuracy by precision">
          <table class="table">
            <thead>
              <tr>
                <th scope="col">Precision</th>
                <th scope="col">Library</th>
                <th scope="col" class="number">
                  Accuracy
                </th>
                <th scope="col" class="number">
                  Accuracy loss
                </th>
                <th scope="col" class="number">
                  Same class as fp32
                </th>
              </tr>
            </thead>
            <tbody>
              {accuracies.map(each => (
                <tr key={each.precision + each.runtime}>
                  <th scope="row">{each.precision}</th>
                  <td>{each.runtime}</td>
                  <td class="number">{formatPercent(each.accuracy, 2)}</td>
                  <td class="number">{formatPercent(each.accuracyLoss, 2)}</td>
                  <td class="number">{formatPercent(each.agreement, 2)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </TableScroll>
      )}
      {notes.map(({ code, message }) => (
        <p key={code} class="soft">
          {message}
        </p>
      ))}
    </Card>
  )
}

function RowInputs({ model }: { model: BoostingView }) {
  const { columns, offset, unusedColumns } = model.input
  const shown = columns.slice(0, maxColumns)
  return (
    <Card title={`${formatCount(columns.length)} input columns`}>
      <Facts
        facts={[
          ['Predicts', model.target],
          ['Offset', offset],
          ['May be sent, not used', unusedColumns?.join(', ')],
        ]}
      />
      <TableScroll label="Table of the input columns">
        <table class="table">
          <thead>
            <tr>
              <th scope="col">Column</th>
              <th scope="col">Type</th>
              <th scope="col">Categories</th>
            </tr>
          </thead>
          <tbody>
            {shown.map(({ name, type, categories }) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>{type}</td>
                <td class="version-note">{categories && listed(categories)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableScroll>
      {columns.length > shown.length && (
        <p class="faint">
          The first {maxColumns} are shown; the contract of the model in the API has all.
        </p>
      )}
    </Card>
  )
}

const listed = (names: readonly string[]) =>
  names.length > 20
    ? `${names.slice(0, 20).join(', ')} and ${formatCount(names.length - 20)} more`
    : names.join(', ')

function Importance({ model }: { model: BoostingView }) {
  const top = model.featureImportance.slice(0, 20)
  const largest = Math.max(...top.map(({ gain }) => gain), 1e-12)
  if (top.length === 0) return null
  return (
    <Card title="Importance of the columns, by gain">
      <ol class="bars" aria-label="Importance of the columns">
        {top.map(({ column, gain }) => (
          <li key={column}>
            <span class="bar-label">{column}</span>
            <span class="bar-track">
              <span class="bar plain" style={{ width: `${(gain / largest) * 100}%` }} />
            </span>
            <span class="number">{formatMetric(gain)}</span>
          </li>
        ))}
      </ol>
      {model.featureImportance.length > top.length && (
        <p class="faint">
          The {top.length} most important of {model.featureImportance.length}.
        </p>
      )}
    </Card>
  )
}
