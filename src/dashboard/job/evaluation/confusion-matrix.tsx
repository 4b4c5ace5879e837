import { useRef, useState } from 'preact/hooks'
import { formatCount } from '../../../presentation/units.js'
import type { Job } from '../../../spec/job.js'
import { place, setQuery } from '../../place.js'
import { formatPercent } from '../../ui/format.js'
import { Card } from '../../ui/parts.js'
import { ClassRecords } from './evaluation-records.js'

interface ConfusionMatrixProps {
  job: Job
  labels: readonly string[]
  /** A row for each true class, a column for each predicted one. */
  matrix: readonly (readonly number[])[]
  /** Whether the matrix is of the published model, whose records are kept. */
  hasRecords: boolean
}

/** More classes are drawn without numbers, in small cells. */
const mostNumbered = 20

interface Cell {
  row: number
  column: number
}

/**
 * Which classes are taken for which. The arrow keys go from cell to cell; Enter or a click chooses one, which stands in
 * the address as `cell=3,8`.
 */
export function ConfusionMatrix({ job, labels, matrix, hasRecords }: ConfusionMatrixProps) {
  const table = useRef<HTMLTableElement>(null)
  const chosen = cellOf(place.value.query.get('cell'), labels.length)
  const [focused, setFocused] = useState<Cell>(chosen ?? { row: 0, column: 0 })
  const [pointed, setPointed] = useState<Cell | null>(null)
  const totals = matrix.map(row => row.reduce((sum, count) => sum + count, 0))
  const isSmall = labels.length > mostNumbered
  const choose = ({ row, column }: Cell) => setQuery({ cell: `${row},${column}` })

  function onKeyDown(event: KeyboardEvent) {
    const [down, right] = steps[event.key] ?? [0, 0]
    if (event.key === 'Enter' || event.key === ' ') choose(focused)
    else if (down === 0 && right === 0) return
    else {
      const row = Math.min(Math.max(focused.row + down, 0), labels.length - 1)
      const column = Math.min(Math.max(focused.column + right, 0), labels.length - 1)
      setFocused({ row, column })
      setPointed(null)
      table.current?.rows[row + 1]?.cells[column + 1]?.focus()
    }
    event.preventDefault()
  }
  function cellAt(event: Event): Cell | null {
    const cell = (event.target as HTMLElement).closest('td')
    if (!cell) return null
    return {
      row: (cell.parentElement as HTMLTableRowElement).rowIndex - 1,
      column: cell.cellIndex - 1,
    }
  }
  const shown = pointed ?? chosen ?? focused
  return (
    <Card title="Confusion matrix">
      <p class="soft">Rows are true classes, columns are predicted ones.</p>
      <div class="table-scroll matrix-box">
        <table
          ref={table}
          // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: the pattern of a grid
          role="grid"
          aria-label="Confusion matrix"
          class={`matrix ${isSmall ? 'small' : ''}`}
          onKeyDown={onKeyDown}
          onPointerOver={event => setPointed(cellAt(event))}
          onPointerLeave={() => setPointed(null)}
          onClick={event => {
            const cell = cellAt(event)
            if (!cell) return
            setFocused(cell)
            choose(cell)
          }}
        >
          <thead>
            <tr>
              <th scope="col">
                <span class="only-heard">true \ predicted</span>
              </th>
              {labels.map(label => (
                <th key={label} scope="col" title={label}>
                  <span>{label}</span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {matrix.map((counts, row) => (
              <tr key={labels[row]}>
                <th scope="row" title={labels[row]}>
                  {labels[row]}
                </th>
                {counts.map((count, column) => (
                  <td
                    key={labels[column]}
                    // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: the pattern of a grid
                    role="gridcell"
                    class={row === column ? 'right' : count > 0 ? 'wrong' : ''}
                    style={{ '--share': String(totals[row] ? count / totals[row] : 0) }}
                    tabIndex={focused.row === row && focused.column === column ? 0 : -1}
                    aria-selected={chosen?.row === row && chosen.column === column}
                    aria-label={isSmall ? String(count) : undefined}
                  >
                    {!isSmall && count > 0 && formatCount(count)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <CellText cell={shown} labels={labels} matrix={matrix} total={totals[shown.row]!} />
      {chosen && matrix[chosen.row]![chosen.column]! > 0 && hasRecords && (
        <ClassRecords job={job} label={labels[chosen.row]!} predicted={labels[chosen.column]!} />
      )}
      {!chosen && hasRecords && <p class="soft">Choose a cell to see its records.</p>}
      {chosen && !hasRecords && (
        <p class="soft">Records are kept for the published model, not for checkpoints.</p>
      )}
    </Card>
  )
}

const steps: Record<string, readonly [down: number, right: number]> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
}

function cellOf(text: string | null, count: number): Cell | null {
  const [row = -1, column = -1] = (text ?? '').split(',').map(Number)
  const isIn = (at: number) => Number.isInteger(at) && at >= 0 && at < count
  return text !== null && isIn(row) && isIn(column) ? { row, column } : null
}

interface CellTextProps {
  cell: Cell
  labels: readonly string[]
  matrix: ConfusionMatrixProps['matrix']
  total: number
}

function CellText({ cell: { row, column }, labels, matrix, total }: CellTextProps) {
  const count = matrix[row]![column]!
  return (
    <p role="status">
      <strong>{formatCount(count)}</strong> of {formatCount(total)} records of{' '}
      <strong>{labels[row]}</strong> {row === column ? 'are recognized' : 'are taken for '}
      {row !== column && <strong>{labels[column]}</strong>}
      {total > 0 && <span class="soft"> ({formatPercent(count / total)})</span>}
    </p>
  )
}
