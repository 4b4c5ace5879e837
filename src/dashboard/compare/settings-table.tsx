import { metricTitle } from '../../presentation/metric-groups.js'
import { pathTo, setQuery } from '../place.js'
import { Button } from '../ui/button.js'
import { seriesColour } from '../ui/colours.js'
import { Checkbox } from '../ui/field.js'
import { formatMetric } from '../ui/format.js'
import { Icon } from '../ui/icon.js'
import { saveText, toCsv } from './csv.js'
import type { WholeRun } from './runs.js'
import { type Dimension, differs, resultsOf, settingsOf, type Value } from './settings.js'

interface SettingsTableProps {
  runs: readonly WholeRun[]
  ids: readonly string[]
  query: URLSearchParams
}

/** A line for each run, with the settings that differ and its results. */
export function SettingsTable({ runs, ids, query }: SettingsTableProps) {
  const showsAll = query.get('settings') === 'all'
  const settings = settingsOf(runs).filter(each => showsAll || differs(each, runs))
  const columns = [...settings, ...resultsOf(runs)]
  const by = query.get('by') ?? ''
  const isDescending = by.startsWith('-')
  const sortedBy = columns.find(({ id }) => id === by.replace(/^-/, ''))
  const sorted = sortedBy ? sortRuns(runs, sortedBy, isDescending) : runs

  function save() {
    const header = ['id', 'name', 'status', ...columns.map(({ id }) => id)]
    const lines = sorted.map(({ id, job }) => [
      ...[id, job.name, job.status],
      ...columns.map(({ values }) => values.get(id)),
    ])
    saveText('comparison.csv', toCsv([header, ...lines]), 'text/csv')
  }
  return (
    <>
      <div class="row">
        <Checkbox
          checked={showsAll}
          onChange={isChosen => setQuery({ settings: isChosen ? 'all' : null })}
        >
          Settings that are equal, too
        </Checkbox>
        <Button icon="download" onClick={save}>
          Save as CSV
        </Button>
        {settings.length === 0 && <span class="faint">The shown runs have equal settings.</span>}
      </div>
      <div class="table-scroll">
        <table class="table" aria-label="Settings and results">
          <thead>
            <tr>
              <th scope="col">Run</th>
              {columns.map(({ id, isResult }) => (
                <th
                  key={id}
                  scope="col"
                  class={isResult ? 'number' : ''}
                  aria-sort={
                    id === sortedBy?.id ? (isDescending ? 'descending' : 'ascending') : undefined
                  }
                >
                  <button
                    type="button"
                    class="column-title"
                    onClick={() => setQuery({ by: by === `-${id}` ? id : `-${id}` })}
                  >
                    <span>{titleOf(id)}</span>
                    {id === sortedBy?.id && <Icon name={isDescending ? 'arrowDown' : 'arrowUp'} />}
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {sorted.map(({ id, job }) => (
              <tr key={id}>
                <th scope="row">
                  <span class="swatch" style={{ color: seriesColour(ids.indexOf(id)) }} />
                  <a href={`#${pathTo('jobs', id)}`}>{job.name}</a>
                </th>
                {columns.map(column => (
                  <td key={column.id} class={column.isResult ? 'number' : ''}>
                    {formatValue(column.values.get(id))}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  )
}

/** `best.validationLoss` → `Validation loss (best)`; the names of settings are those of the API. */
export function titleOf(id: string): string {
  const [head, metric] = [id.slice(0, id.indexOf('.')), id.slice(id.indexOf('.') + 1)]
  if (head === 'best') return `${metricTitle(metric)} (best)`
  return head === 'metrics' ? `${metricTitle(metric)} (last)` : id
}

export const formatValue = (value: Value): string =>
  typeof value === 'number' ? formatMetric(value) : value === undefined ? '–' : String(value)

/** Runs without a value come last in both directions. */
function sortRuns(
  runs: readonly WholeRun[],
  { values }: Dimension,
  isDescending: boolean,
): WholeRun[] {
  const compare = (a: Value, b: Value) =>
    typeof a === 'number' && typeof b === 'number'
      ? a - b
      : String(a).localeCompare(String(b), 'en', { numeric: true })
  const isMissing = (value: Value) => value === undefined || Number.isNaN(value)
  return [...runs].sort((one, other) => {
    const [a, b] = [values.get(one.id), values.get(other.id)]
    if (isMissing(a) || isMissing(b)) return Number(isMissing(a)) - Number(isMissing(b))
    return compare(a, b) * (isDescending ? -1 : 1)
  })
}
