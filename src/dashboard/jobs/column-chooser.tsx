import { useState } from 'preact/hooks'
import { metricTitle } from '../../presentation/metric-groups.js'
import { useResource } from '../server/resource.js'
import { client } from '../server/session.js'
import { Button } from '../ui/button.js'
import { Dialog } from '../ui/dialog.js'
import { Checkbox, Select, TextInput } from '../ui/field.js'
import { type ColumnChoice, columnOf, defaultColumns, fixedColumns, moved } from './columns.js'
import { leafPaths } from './job-row.js'
import { setColumns } from './list-state.js'

/** Jobs whose settings are offered: reading all of thousands would take long. */
const readJobs = 50

interface ColumnChooserProps {
  columns: readonly ColumnChoice[]
  conditions: Record<string, string>
  onClose: () => void
}

/** Chooses and orders the columns: fields of jobs, metrics, settings and labels. */
export function ColumnChooser({ columns, conditions, onClose }: ColumnChooserProps) {
  const [search, setSearch] = useState('')
  const available = useResource(() => readAvailable(conditions), [JSON.stringify(conditions)])
  const typed = search.trim()
  const groups = [
    { title: 'Job', ids: fixedColumns.map(({ id }) => id) },
    ...(available.data ?? []),
    ...(columnOf(typed) ? [{ title: 'By name', ids: [typed] }] : []),
  ]
  const isChosen = (id: string) => columns.some(each => each.id === id)
  const toggle = (id: string) =>
    setColumns(
      isChosen(id) ? columns.filter(each => each.id !== id) : [...columns, { id, width: null }],
    )
  return (
    <Dialog
      title="Columns"
      onClose={onClose}
      isWide
      actions={<Button onClick={() => setColumns(defaultColumns)}>Reset</Button>}
    >
      <div class="column-chooser">
        <section aria-label="Shown columns">
          <h3>Shown, in this order</h3>
          <ol>
            {columns.map(({ id }, index) => (
              <li key={id}>
                <span>{titleOf(id)}</span>
                <Button
                  kind="quiet"
                  icon="up"
                  label={`Move ${titleOf(id)} up`}
                  disabled={index === 0}
                  onClick={() => setColumns(moved(columns, index, index - 1))}
                />
                <Button
                  kind="quiet"
                  icon="down"
                  label={`Move ${titleOf(id)} down`}
                  disabled={index === columns.length - 1}
                  onClick={() => setColumns(moved(columns, index, index + 1))}
                />
                <Button
                  kind="quiet"
                  icon="close"
                  label={`Hide ${titleOf(id)}`}
                  disabled={columns.length === 1}
                  onClick={() => toggle(id)}
                />
              </li>
            ))}
          </ol>
        </section>
        <section aria-label="All columns">
          <TextInput
            type="search"
            label="Search columns"
            placeholder="Search, or name a setting such as training.optimizer.beta1"
            value={search}
            onChange={setSearch}
          />
          {groups.map(({ title, ids }) => {
            const found = ids.filter(id =>
              `${id} ${titleOf(id)}`.toLowerCase().includes(typed.toLowerCase()),
            )
            return (
              found.length > 0 && (
                <fieldset key={title}>
                  <legend>{title}</legend>
                  {found.map(id => (
                    <Checkbox key={id} checked={isChosen(id)} onChange={() => toggle(id)}>
                      {titleOf(id)}
                    </Checkbox>
                  ))}
                </fieldset>
              )
            )
          })}
          <StepColumn
            metrics={(available.data ?? [])
              .flatMap(({ ids }) => ids)
              .filter(id => id.startsWith('metrics.'))
              .map(id => id.slice('metrics.'.length))}
            onAdd={id => !isChosen(id) && toggle(id)}
          />
          <p class="faint">
            {available.error === undefined
              ? `Settings are those of the ${readJobs} newest of the listed jobs. Type the name of any other one.`
              : 'The settings and metrics of the jobs could not be read. Type the name of one.'}
          </p>
        </section>
      </div>
    </Dialog>
  )
}

interface StepColumnProps {
  metrics: readonly string[]
  onAdd: (id: string) => void
}

/** Adds a column with the value of a metric at a step, to compare jobs of different length. */
function StepColumn({ metrics, onAdd }: StepColumnProps) {
  const [metric, setMetric] = useState('')
  const [step, setStep] = useState('')
  const chosen = metric || metrics[0]
  if (chosen === undefined) return null
  return (
    <form
      class="step-column"
      onSubmit={event => {
        event.preventDefault()
        onAdd(`at.${chosen}.${Number(step)}`)
      }}
    >
      <Select
        label="Metric"
        value={chosen}
        options={metrics.map(name => [name, metricTitle(name)] as const)}
        onChange={setMetric}
      />
      <TextInput
        type="number"
        label="Step"
        placeholder="at step"
        min={0}
        step={1}
        required
        value={step}
        onChange={setStep}
      />
      <Button type="submit" icon="add">
        Add column
      </Button>
    </form>
  )
}

function titleOf(id: string): string {
  const column = columnOf(id)
  return column ? `${column.title}${column.note ? ` (${column.note})` : ''}` : id
}

async function readAvailable(conditions: Record<string, string>) {
  const fields = 'model,training,predict'
  const [facets, { items }] = await Promise.all([
    client.jobs.facets(conditions),
    client.jobs.list({ ...conditions, fields, limit: String(readJobs) }),
  ])
  const settings = (name: 'model' | 'training' | 'predict') =>
    [...new Set(items.flatMap(job => leafPaths(job[name] ?? {})))]
      .filter(path => `${name}.${path}` !== 'model.kind')
      .map(path => `${name}.${path}`)
      .sort()
  const { metrics, labels } = facets
  return [
    {
      title: 'Best values of metrics',
      ids: metrics.filter(({ better }) => better !== null).map(({ name }) => `best.${name}`),
    },
    {
      title: 'Steps of the best values',
      ids: metrics.filter(({ better }) => better !== null).map(({ name }) => `best.${name}.step`),
    },
    { title: 'Last values of metrics', ids: metrics.map(({ name }) => `metrics.${name}`) },
    { title: 'Labels', ids: labels.map(({ key }) => `labels.${key}`) },
    { title: 'Model', ids: settings('model') },
    { title: 'Training', ids: settings('training') },
    { title: 'Prediction', ids: settings('predict') },
  ].filter(({ ids }) => ids.length > 0)
}
