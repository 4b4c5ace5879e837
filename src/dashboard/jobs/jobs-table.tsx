import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { formatCount } from '../../presentation/units.js'
import { goTo, pathTo } from '../place.js'
import { Icon } from '../ui/icon.js'
import { useVirtualRows } from '../ui/virtual-rows.js'
import { ColumnHeader } from './column-header.js'
import { type ColumnChoice, columnOf } from './columns.js'
import { JobLine, type LineActions } from './job-line.js'
import type { JobRow } from './job-row.js'
import type { JobRows } from './job-rows.js'
import type { SortKey } from './list-state.js'
import { useQueuePlaces } from './queue-places.js'
import type { Selection } from './selection.js'
import { useStepValues } from './step-values.js'
import { groupedItems, type TableItem } from './table-items.js'

export const rowHeight = 36

/** Widths of the columns of the checkbox and the star. */
const leadWidth = 40

interface JobsTableProps {
  jobs: JobRows
  /** Those of `jobs` that are shown. */
  rows: readonly JobRow[]
  columns: readonly ColumnChoice[]
  sort: readonly SortKey[]
  group: string | null
  closedGroups: readonly string[]
  onToggleGroup: (value: string) => void
  selection: Selection
  onSelectAll: (isSelected: boolean) => Promise<void>
}

export function JobsTable(props: JobsTableProps) {
  const { jobs, rows, columns, sort, group, closedGroups, selection } = props
  const scroller = useRef<HTMLDivElement>(null)
  const [active, setActive] = useState(0)
  const anchor = useRef<number | null>(null)

  const items = useMemo(
    () => (group === null ? null : groupedItems(rows, group, closedGroups)),
    [rows, group, closedGroups.join('\n'), jobs.total],
  )
  // rows that are not read yet have a place, so the scroll bar is right; groups are shown once all are read
  const unread = group === null ? Math.max(0, (jobs.total ?? 0) - jobs.rows.length) : 0
  const count = (items?.length ?? rows.length) + unread
  const virtual = useVirtualRows(scroller, count, rowHeight)
  const itemAt = (index: number): TableItem | null =>
    items ? (items[index] ?? null) : index < rows.length ? { kind: 'job', index } : null
  const rowAt = (index: number): JobRow | null => {
    const item = itemAt(index)
    return item?.kind === 'job' ? (rows[item.index] ?? null) : null
  }

  const lastShown = virtual.rows.at(-1)?.index ?? 0
  useEffect(() => {
    jobs.want(group === null ? lastShown + 100 : Number.POSITIVE_INFINITY)
  })
  const shownRows = virtual.rows.map(({ index }) => rowAt(index)).filter(row => row !== null)
  const places = useQueuePlaces(shownRows)
  const stepValues = useStepValues(
    shownRows,
    columns.map(({ id }) => id),
  )

  function select(index: number, isRange: boolean) {
    const row = rowAt(index)
    if (!row) return
    const isAdded = !selection.jobs.has(row.id)
    const from = isRange && anchor.current !== null ? anchor.current : index
    const range: JobRow[] = []
    for (let i = Math.min(from, index); i <= Math.max(from, index); i += 1) {
      const each = rowAt(i)
      if (each) range.push(each)
    }
    selection.set(range, isRange || isAdded)
    anchor.current = index
  }

  const latest = useRef({ select, jobs })
  latest.current = { select, jobs }
  const [actions] = useState<LineActions>(() => ({
    select: (index, isRange) => latest.current.select(index, isRange),
    activate: setActive,
    change: (id, change) => latest.current.jobs.change(id, change),
  }))

  function move(to: number) {
    const index = Math.min(Math.max(to, 0), count - 1)
    setActive(index)
    virtual.scrollToIndex(index)
    requestAnimationFrame(() =>
      scroller.current?.querySelector<HTMLElement>(`tr[data-index="${index}"]`)?.focus(),
    )
  }

  function onKeyDown(event: KeyboardEvent) {
    // keys in a checkbox or link of the row are theirs
    if (!(event.target instanceof HTMLTableRowElement)) return
    const page = Math.max(1, Math.floor(scroller.current!.clientHeight / rowHeight) - 2)
    const steps: Record<string, number> = {
      ...{ ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page },
      ...{ Home: Number.NEGATIVE_INFINITY, End: Number.POSITIVE_INFINITY },
    }
    const step = steps[event.key]
    if (step !== undefined) {
      move(active + step)
      if (event.shiftKey) select(Math.min(Math.max(active + step, 0), count - 1), true)
    } else if (event.key === 's') event.target.querySelector<HTMLElement>('.star')?.click()
    else if (event.key === ' ') select(active, event.shiftKey)
    else if (event.key === 'Enter') {
      const row = rowAt(active)
      if (row) goTo(`#${pathTo('jobs', row.id)}`)
    } else return
    event.preventDefault()
  }

  const first = virtual.rows[0]
  const after = virtual.totalSize - (first?.start ?? 0) - virtual.rows.length * rowHeight
  const isAllSelected = selection.jobs.size > 0 && selection.jobs.size >= (jobs.total ?? 0)
  const width = columns.reduce(
    (sum, { id, width: chosen }) => sum + (chosen ?? columnOf(id)!.width),
    2 * leadWidth,
  )
  return (
    <div
      ref={scroller}
      class={`table-scroll jobs-table ${jobs.isFormer ? 'is-former' : ''}`}
      aria-busy={jobs.isFormer}
    >
      <table
        class="table"
        aria-label="Jobs"
        aria-rowcount={count + 1}
        style={{ minWidth: `${width}px` }}
      >
        <colgroup>
          <col style={{ width: `${leadWidth}px` }} />
          <col style={{ width: `${leadWidth}px` }} />
          {columns.map(({ id, width: chosen }) => (
            <col key={id} style={{ width: `${chosen ?? columnOf(id)!.width}px` }} />
          ))}
          <col />
        </colgroup>
        <thead>
          <tr aria-rowindex={1}>
            <th scope="col">
              <input
                type="checkbox"
                aria-label="Select all jobs that match"
                checked={isAllSelected}
                indeterminate={selection.jobs.size > 0 && !isAllSelected}
                onChange={event => void props.onSelectAll(event.currentTarget.checked)}
              />
            </th>
            <th scope="col">
              <Icon name="star" />
              <span class="only-heard">Starred</span>
            </th>
            {columns.map(({ id }, index) => (
              <ColumnHeader key={id} choices={columns} index={index} sort={sort} />
            ))}
            <td />
          </tr>
        </thead>
        <tbody onKeyDown={onKeyDown}>
          <Space height={first?.start ?? 0} />
          {virtual.rows.map(({ index }) => {
            const item = itemAt(index)
            if (item?.kind === 'group') {
              return (
                <tr key={`group ${item.value}`} class="group-line" aria-rowindex={index + 2}>
                  <th scope="rowgroup" colSpan={columns.length + 3}>
                    <button
                      type="button"
                      aria-expanded={!item.isClosed}
                      onClick={() => props.onToggleGroup(item.value)}
                    >
                      <Icon name={item.isClosed ? 'right' : 'down'} />
                      {item.value === '' ? 'none' : item.value}
                      <span class="faint">{formatCount(item.count)}</span>
                    </button>
                  </th>
                </tr>
              )
            }
            const row = rowAt(index)
            return row ? (
              <JobLine
                key={row.id}
                row={row}
                index={index}
                columns={columns}
                place={places.get(row.id)}
                stepValues={stepValues}
                isSelected={selection.jobs.has(row.id)}
                isActive={index === Math.min(active, count - 1)}
                actions={actions}
              />
            ) : (
              <tr key={`unread ${index}`} class="unread" aria-rowindex={index + 2}>
                <td colSpan={columns.length + 3}>…</td>
              </tr>
            )
          })}
          <Space height={after} />
        </tbody>
      </table>
    </div>
  )
}

/** Stands for the rows above or below those in view. */
const Space = ({ height }: { height: number }) =>
  height > 0 ? (
    <tr class="space">
      <td style={{ height: `${height}px` }} />
    </tr>
  ) : null
