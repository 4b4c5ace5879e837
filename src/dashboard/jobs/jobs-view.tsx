import { useEffect, useMemo, useState } from 'preact/hooks'
import { formatCount } from '../../presentation/units.js'
import { setQuery } from '../place.js'
import { Button, LinkButton } from '../ui/button.js'
import { Select } from '../ui/field.js'
import { Loading } from '../ui/load.js'
import { Empty, Page } from '../ui/parts.js'
import { ProblemNote } from '../ui/problem.js'
import { reportError } from '../ui/toast.js'
import type { ViewProps } from '../view.js'
import { BulkActions } from './bulk-actions.js'
import { ColumnChooser } from './column-chooser.js'
import { columnOf, formatColumns } from './columns.js'
import { deletedJobs } from './deferred-deletion.js'
import { FilterBox } from './filter-box.js'
import { rowFields } from './job-row.js'
import { type JobRows, useJobRows } from './job-rows.js'
import { JobsTable } from './jobs-table.js'
import {
  chosenColumns,
  clearFilters,
  listQuery,
  nameColumnsInAddress,
  readFilters,
  readSort,
} from './list-state.js'
import { readAllMatching, type Selection, useSelection } from './selection.js'

export default function JobsView({ query }: ViewProps) {
  const chosen = chosenColumns()
  // the same list as long as it has the same columns
  const columns = useMemo(() => chosen, [formatColumns(chosen)])
  // at the start, and after a link to the list without columns
  useEffect(nameColumnsInAddress, [query])
  const filters = readFilters(query)
  const sort = readSort(query)
  const group = query.get('group')
  const closedGroups = query.getAll('closed')
  const listed = listQuery(filters, sort, group)
  const { sort: _, ...conditions } = listed
  const jobs = useJobRows(listed, fieldsOf(columns.map(({ id }) => id)))
  const selection = useSelection()
  const [isChoosing, setChoosing] = useState(false)

  const deleted = deletedJobs.value
  const rows = useMemo(
    () => (deleted.size > 0 ? jobs.rows.filter(({ id }) => !deleted.has(id)) : jobs.rows),
    [jobs.rows, deleted, jobs.version],
  )
  const total = (jobs.total ?? 0) - (jobs.rows.length - rows.length)
  const selected = [...selection.jobs.values()]
    .filter(({ id }) => !deleted.has(id))
    .map(job => ({ id: job.id, status: jobs.find(job.id)?.status ?? job.status }))

  async function selectAll(isSelected: boolean) {
    if (!isSelected) return selection.clear()
    await readAllMatching(listed)
      .then(found => selection.set(found, true))
      .catch(reportError)
  }
  const toggleGroup = (value: string) =>
    setQuery({
      closed: closedGroups.includes(value)
        ? closedGroups.filter(each => each !== value)
        : [...closedGroups, value],
    })

  return (
    <Page
      title="Jobs"
      beside={jobs.total !== null && <span class="faint">{formatCount(total)}</span>}
      actions={
        <LinkButton kind="primary" icon="add" href="#/jobs/new">
          New job
        </LinkButton>
      }
    >
      <div class="jobs-bar">
        <FilterBox filters={filters} query={conditions} />
        <div class="jobs-tools">
          <GroupSelect group={group} columns={columns.map(({ id }) => id)} jobs={jobs} />
          <Button icon="columns" onClick={() => setChoosing(true)}>
            Columns
          </Button>
        </div>
      </div>
      {jobs.error !== undefined && <ProblemNote error={jobs.error} onRetry={jobs.reload} />}
      {jobs.damaged.length > 0 && (
        <p class="soft">
          The records of {jobs.damaged.length} jobs are damaged and not shown:{' '}
          <a href="#/server">see the server</a>.
        </p>
      )}
      {selected.length > 0 && (
        <BulkActions selection={selection} jobs={selected} onDone={jobs.reload} />
      )}
      {jobs.total === null ? (
        jobs.error === undefined && <Loading label="jobs" />
      ) : total === 0 ? (
        <NoJobs isFiltered={filters.length > 0} />
      ) : (
        <JobsTable
          jobs={jobs}
          rows={rows}
          columns={columns}
          sort={sort}
          group={group}
          closedGroups={closedGroups}
          onToggleGroup={toggleGroup}
          selection={visibleSelection(selection, selected)}
          onSelectAll={selectAll}
        />
      )}
      {isChoosing && (
        <ColumnChooser
          columns={columns}
          conditions={conditions}
          onClose={() => setChoosing(false)}
        />
      )}
    </Page>
  )
}

/** What the list is asked for: what every row has, and what the columns show beside it. */
const fieldsOf = (columns: readonly string[]): string[] => [
  ...rowFields,
  ...new Set(columns.map(id => columnOf(id)?.field).filter(field => field !== undefined)),
]

const visibleSelection = (selection: Selection, shown: readonly { id: string }[]): Selection =>
  shown.length === selection.jobs.size
    ? selection
    : { ...selection, jobs: new Map(shown.map(({ id }) => [id, selection.jobs.get(id)!])) }

interface GroupSelectProps {
  group: string | null
  columns: readonly string[]
  jobs: JobRows
}

/** Groups by what many jobs have in common; by the labels of the first rows, and by columns of settings. */
function GroupSelect({ group, columns, jobs }: GroupSelectProps) {
  const labels = new Set(jobs.rows.slice(0, 200).flatMap(row => Object.keys(row.labels)))
  const options = new Map([
    ...([['', 'No groups']] as const),
    ...([['status', 'By state']] as const),
    ...([['model.kind', 'By model']] as const),
    ...([['dataset.name', 'By data set']] as const),
    ...[...labels].sort().map(key => [`labels.${key}`, `By label ${key}`] as const),
    ...columns
      .filter(id => /^(model|training)\./.test(id) && id !== 'model.kind')
      .map(id => [id, `By ${id}`] as const),
    ...(group === null ? [] : [[group, groupTitles[group] ?? `By ${group}`] as const]),
  ])
  return (
    <Select
      label="Group"
      value={group ?? ''}
      options={[...options]}
      onChange={value => setQuery({ group: value, closed: null })}
    />
  )
}

const groupTitles: Record<string, string> = {
  status: 'By state',
  'model.kind': 'By model',
  'dataset.name': 'By data set',
}

const NoJobs = ({ isFiltered }: { isFiltered: boolean }) =>
  isFiltered ? (
    <Empty icon="search" title="No job matches the filters">
      <Button onClick={clearFilters}>Clear the filters</Button>
    </Empty>
  ) : (
    <Empty icon="jobs" title="No jobs yet">
      <p>A job trains a model on a data set. Upload a data set, then start a job with it.</p>
      <div class="row">
        <LinkButton icon="upload" href="#/datasets">
          Upload a data set
        </LinkButton>
        <LinkButton kind="primary" icon="add" href="#/jobs/new">
          New job
        </LinkButton>
      </div>
    </Empty>
  )
