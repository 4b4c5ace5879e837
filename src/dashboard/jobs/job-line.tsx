import { Component } from 'preact'
import { goTo, pathTo } from '../place.js'
import { client } from '../server/session.js'
import { Icon } from '../ui/icon.js'
import { reportError } from '../ui/toast.js'
import { Cell } from './cells.js'
import { type ColumnChoice, columnOf } from './columns.js'
import { isStarred, type JobRow, starLabel, starValue } from './job-row.js'
import type { QueuePlace } from './queue-places.js'
import type { StepValues } from './step-values.js'

interface JobLineProps {
  row: JobRow
  index: number
  columns: readonly ColumnChoice[]
  place: QueuePlace | undefined
  stepValues: StepValues
  isSelected: boolean
  /** Whether the Tab key leads here; arrow keys lead to the other lines. */
  isActive: boolean
  /** Stays the same, so that only lines that have changed are drawn again. */
  actions: LineActions
}

export interface LineActions {
  select: (index: number, isRange: boolean) => void
  activate: (index: number) => void
  change: (id: string, change: Partial<JobRow>) => void
}

/** A line of the table of jobs. While the table scrolls, those that stay in view are not drawn again. */
export class JobLine extends Component<JobLineProps> {
  override shouldComponentUpdate(next: JobLineProps): boolean {
    return (Object.keys(next) as (keyof JobLineProps)[]).some(
      name => next[name] !== this.props[name],
    )
  }

  override render() {
    return <Line {...this.props} />
  }
}

/** A click on a line, but not on a control in it, leads to the job. */
function Line({ row, index, columns, place, stepValues, isSelected, ...props }: JobLineProps) {
  const { isActive, actions } = props
  const href = `#${pathTo('jobs', row.id)}`
  function onClick(event: MouseEvent) {
    const target = event.target as Element
    if (target.closest('a, button, input, label') || getSelection()?.toString()) return
    if (event.ctrlKey || event.metaKey) window.open(href)
    else goTo(href)
  }
  return (
    <tr
      data-index={index}
      aria-rowindex={index + 2}
      aria-selected={isSelected}
      class={isSelected ? 'is-selected' : ''}
      tabIndex={isActive ? 0 : -1}
      onFocus={() => actions.activate(index)}
      onClick={onClick}
    >
      <td>
        <label class="select-box">
          <input
            type="checkbox"
            tabIndex={-1}
            aria-label={`Select ${row.name}`}
            checked={isSelected}
            onClick={event => {
              actions.select(index, event.shiftKey)
            }}
          />
        </label>
      </td>
      <td>
        <Star row={row} onChange={change => actions.change(row.id, change)} />
      </td>
      {columns.map(({ id }) => {
        const column = columnOf(id)!
        return id === 'name' ? (
          <th key={id} scope="row">
            <a href={href} title={row.name} tabIndex={-1}>
              {row.name}
            </a>
          </th>
        ) : (
          <td key={id} class={column.isNumber ? 'number' : ''}>
            <Cell column={column} row={row} place={place} stepValues={stepValues} />
          </td>
        )
      })}
      <td />
    </tr>
  )
}

interface StarProps {
  row: JobRow
  onChange: (change: Partial<JobRow>) => void
}

function Star({ row, onChange }: StarProps) {
  const starred = isStarred(row)
  async function toggle() {
    const before = row.labels
    const { [starLabel]: _, ...others } = before
    onChange({ labels: starred ? others : { ...others, [starLabel]: starValue } })
    try {
      await client.jobs.update(row.id, { labels: { [starLabel]: starred ? null : starValue } })
    } catch (error) {
      onChange({ labels: before })
      reportError(error)
    }
  }
  return (
    <button
      type="button"
      class={`star ${starred ? 'is-starred' : ''}`}
      tabIndex={-1}
      aria-pressed={starred}
      aria-label={`Star ${row.name}`}
      title={starred ? 'Remove the star' : 'Star'}
      onClick={() => void toggle()}
    >
      <Icon name="star" filled={starred} />
    </button>
  )
}
