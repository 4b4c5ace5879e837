import { useMemo } from 'preact/hooks'
import { formatCount } from '../../../presentation/units.js'
import type { ClassEvaluation } from '../../../spec/evaluation.js'
import { place, setQuery } from '../../place.js'
import { formatPercent } from '../../ui/format.js'
import { Icon } from '../../ui/icon.js'
import { Card, TableScroll } from '../../ui/parts.js'

type Column = keyof ClassEvaluation

const columns: readonly (readonly [name: Column, title: string])[] = [
  ['label', 'Class'],
  ['recall', 'Recall'],
  ['precision', 'Precision'],
  ['records', 'Records'],
]

/** How well each class is recognized. A click on a title sorts; `sort` of the address is `-recall`, for example. */
export function ClassTable({ classes }: { classes: readonly ClassEvaluation[] }) {
  const sort = place.value.query.get('sort') ?? ''
  const isDescending = sort.startsWith('-')
  const by = columns.find(([name]) => name === sort.replace('-', ''))?.[0]
  const rows = useMemo(
    () => (by ? [...classes].sort(comparison(by, isDescending)) : classes),
    [classes, by, isDescending],
  )
  return (
    <Card title="By class">
      <TableScroll label="By class" class="classes">
        <table class="table">
          <thead>
            <tr>
              {columns.map(([name, title]) => (
                <th
                  key={name}
                  scope="col"
                  class={name === 'label' ? '' : 'number'}
                  aria-sort={by !== name ? 'none' : isDescending ? 'descending' : 'ascending'}
                >
                  <button
                    type="button"
                    class="sort"
                    onClick={() =>
                      setQuery({ sort: by === name && !isDescending ? `-${name}` : name })
                    }
                  >
                    {title}
                    {by === name && <Icon name={isDescending ? 'arrowDown' : 'arrowUp'} />}
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(({ label, recall, precision, records }) => (
              <tr key={label}>
                <th scope="row">{label}</th>
                <td class="number">{formatPercent(recall)}</td>
                <td class="number">{formatPercent(precision)}</td>
                <td class="number">{formatCount(records)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableScroll>
    </Card>
  )
}

/** Classes without a value come last, whatever the order. */
const comparison =
  (by: Column, isDescending: boolean) =>
  (one: ClassEvaluation, other: ClassEvaluation): number => {
    const [a, b] = [one[by], other[by]]
    if (a === null || b === null) return Number(a === null) - Number(b === null)
    const order = typeof a === 'string' ? a.localeCompare(String(b)) : a - Number(b)
    return isDescending ? -order : order
  }
