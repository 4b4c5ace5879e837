import { formatCount } from '../../../presentation/units.js'
import type { Cell, TableManifest } from '../../../spec/dataset.js'
import { setQuery } from '../../place.js'
import { useResource } from '../../server/resource.js'
import { client } from '../../server/session.js'
import { Button } from '../../ui/button.js'
import { Select } from '../../ui/field.js'
import { Loaded } from '../../ui/load.js'
import { TableScroll } from '../../ui/parts.js'

const pageSize = 50

/** The rows of a table, a page at a time. */
export function Rows({ of, query }: { of: TableManifest; query: URLSearchParams }) {
  const split = query.get('split') ?? ''
  const from = Math.max(Math.floor(Number(query.get('from')) || 0), 0)
  const rows = useResource(async () => {
    const parameters = { from: String(from), limit: String(pageSize) }
    const page = await client.datasets.samples(of.id, { ...parameters, ...(split && { split }) })
    if (page.kind !== 'table') throw new Error('This data set is no table.')
    return page
  }, [of.id, split, from])
  const shown = of.columns.filter(({ type }) => type !== 'text')
  return (
    <div class="stack">
      <Loaded of={rows} label="the rows">
        {({ items, textColumns, nextCursor }) => {
          const first = items[0]?.index
          const last = items.at(-1)?.index
          return (
            <>
              <div class="row">
                {of.splits && (
                  <Select
                    label="Split"
                    value={split}
                    options={[
                      ['', 'All splits'],
                      ...of.splits.map(({ name }) => [name, name] as [string, string]),
                    ]}
                    onChange={value => setQuery({ split: value, from: null })}
                  />
                )}
                <span class="soft">
                  {first === undefined || last === undefined
                    ? 'No rows here'
                    : `Rows ${formatCount(first + 1)} to ${formatCount(last + 1)} of ${formatCount(of.records)}`}
                </span>
                <div class="row page-actions">
                  <Button
                    icon="back"
                    disabled={from === 0}
                    onClick={() => turnTo(Math.max((first ?? from) - pageSize, 0))}
                  >
                    Previous
                  </Button>
                  <Button disabled={nextCursor === null} onClick={() => turnTo((last ?? 0) + 1)}>
                    Next
                  </Button>
                </div>
              </div>
              <TableScroll label="Rows">
                <table class="table">
                  <thead>
                    <tr>
                      <th class="number">Row</th>
                      {of.splits && <th>Split</th>}
                      {shown.map(({ name, type }) => (
                        <th key={name} class={isNumeric(type) ? 'number' : ''}>
                          {name}
                          {name === of.target && <span class="faint"> (target)</span>}
                        </th>
                      ))}
                    </tr>
                  </thead>
                  <tbody>
                    {items.map(({ index, split: ofRow, row }) => (
                      <tr key={index}>
                        <td class="number faint">{formatCount(index + 1)}</td>
                        {of.splits && <td class="soft">{ofRow}</td>}
                        {shown.map(({ name, type }) => (
                          <td key={name} class={isNumeric(type) ? 'number' : 'cell-text'}>
                            <CellValue value={row[name] ?? null} />
                          </td>
                        ))}
                      </tr>
                    ))}
                  </tbody>
                </table>
              </TableScroll>
              {textColumns.length > 0 && (
                <p class="soft">Not stored, since they are text: {textColumns.join(', ')}.</p>
              )}
            </>
          )
        }}
      </Loaded>
    </div>
  )
}

const turnTo = (from: number) => setQuery({ from: from === 0 ? null : from }, { replace: false })

const isNumeric = (type: string) => type === 'number' || type === 'integer'

/** A fraction without the digits that come from storing it as float32; the title has them. */
const textOf = (value: Exclude<Cell, null>) =>
  typeof value === 'number' && !Number.isInteger(value)
    ? String(Number(value.toPrecision(7)))
    : String(value)

const CellValue = ({ value }: { value: Cell }) =>
  value === null ? (
    <span class="faint">missing</span>
  ) : (
    <span title={String(value)}>{textOf(value)}</span>
  )
