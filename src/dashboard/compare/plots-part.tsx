import { setQuery } from '../place.js'
import { Field, Select } from '../ui/field.js'
import { Card, Empty } from '../ui/parts.js'
import { listIn } from './list-in.js'
import { ParallelCoordinates } from './parallel-coordinates.js'
import type { WholeRun } from './runs.js'
import { ScatterPlot } from './scatter-plot.js'
import { type Dimension, resultsOf, settingsOf } from './settings.js'
import { titleOf } from './settings-table.js'

interface PlotsPartProps {
  runs: readonly WholeRun[]
  ids: readonly string[]
  query: URLSearchParams
}

/** Axes that are shown before anybody chooses them. */
const firstAxes = 5
const firstResults = ['best.validationAccuracy', 'best.validationLoss', 'best.loss']

/** How results depend on settings: all at once, and one against another. */
export function PlotsPart({ runs, ids, query }: PlotsPartProps) {
  const settings = settingsOf(runs)
    .filter(each => isSpread(each, runs))
    // first those that all runs have
    .sort((a, b) => valueCount(b, runs) - valueCount(a, runs))
  const results = resultsOf(runs)
  const byId = (id: string | null) => [...settings, ...results].find(each => each.id === id)
  const result =
    results.find(({ id }) => id === query.get('result')) ??
    results.find(
      ({ id }) => id === firstResults.find(first => results.some(each => each.id === first)),
    ) ??
    results[0]
  if (!result || settings.length === 0) {
    return (
      <Empty icon="chart" title="Nothing to plot">
        <p>
          {result
            ? 'The shown runs have equal settings.'
            : 'The shown runs have measured nothing so far.'}
        </p>
      </Empty>
    )
  }
  const chosen = listIn(query, 'axes').map(byId)
  const axes = chosen.some(Boolean)
    ? chosen.filter(each => each !== undefined)
    : settings.slice(0, firstAxes)
  const x = byId(query.get('scatter')) ?? settings[0]!
  const toggleAxis = (id: string) => {
    const now = axes.map(each => each.id)
    const next = now.includes(id) ? now.filter(each => each !== id) : [...now, id]
    setQuery({ axes: next.join(',') })
  }
  return (
    <>
      <div class="row">
        <DimensionField
          label="Result"
          options={results}
          value={result.id}
          onChange={id => setQuery({ result: id })}
        />
      </div>
      <Card title={`Settings and ${titleOf(result.id)}`}>
        <div class="row" role="group" aria-label="Axes">
          {[...settings, ...results.filter(each => each !== result)].map(({ id }) => (
            <button
              key={id}
              type="button"
              class="toggle"
              aria-pressed={axes.some(each => each.id === id)}
              onClick={() => toggleAxis(id)}
            >
              {titleOf(id)}
            </button>
          ))}
        </div>
        <ParallelCoordinates runs={runs} ids={ids} axes={[...axes, result]} />
      </Card>
      <Card
        title={`${titleOf(result.id)} by ${titleOf(x.id)}`}
        actions={
          <DimensionField
            label="X axis"
            options={[...settings, ...results]}
            value={x.id}
            onChange={id => setQuery({ scatter: id })}
          />
        }
      >
        <ScatterPlot runs={runs} ids={ids} x={x} y={result} />
      </Card>
    </>
  )
}

/** Whether runs have different values of it; that some have none makes no plot. */
const isSpread = ({ values }: Dimension, runs: readonly WholeRun[]) =>
  new Set(runs.map(({ id }) => values.get(id)).filter(value => value !== undefined)).size > 1

const valueCount = ({ values }: Dimension, runs: readonly WholeRun[]) =>
  runs.filter(({ id }) => values.get(id) !== undefined).length

interface DimensionFieldProps {
  label: string
  options: readonly Dimension[]
  value: string
  onChange: (id: string) => void
}

const DimensionField = ({ label, options, value, onChange }: DimensionFieldProps) => (
  <Field label={label}>
    {control => (
      <Select
        {...control}
        value={value}
        options={options.map(({ id }) => [id, titleOf(id)] as const)}
        onChange={onChange}
      />
    )}
  </Field>
)
