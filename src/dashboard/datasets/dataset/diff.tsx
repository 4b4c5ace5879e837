import { formatCount } from '../../../presentation/units.js'
import type { DatasetDiff } from '../../../spec/dataset-versions.js'
import { formatBytes, formatMetric } from '../../ui/format.js'
import { Card, Facts, TableScroll } from '../../ui/parts.js'

/** What differs between two data sets. */
export function Diff({ of }: { of: DatasetDiff }) {
  const { one, other, records } = of
  if (of.equal) return <p>Both are one data set.</p>
  return (
    <Card title={`From ${one.name} (${one.id}) to ${other.name} (${other.id})`}>
      <Facts
        facts={[
          ['Records', `${formatCount(one.records)} → ${formatCount(other.records)}`],
          ['Size', `${formatBytes(one.bytes)} → ${formatBytes(other.bytes)}`],
          ['In both', records ? formatCount(records.both) : 'not compared: too many'],
          ['Only before', records && formatCount(records.onlyOne)],
          ['Only after', records && formatCount(records.onlyOther)],
          ['Classes added', of.classes.added.join(', ')],
          ['Classes removed', of.classes.removed.join(', ')],
          ['Columns added', of.columns.added.join(', ')],
          ['Columns removed', of.columns.removed.join(', ')],
        ]}
      />
      <Changes title="Images of each class" head="Class" rows={of.classCounts.map(countRow)} />
      <Changes title="Splits" head="Split" rows={of.splits.map(countRow)} />
      <Changes
        title="Columns"
        head="Column"
        rows={of.changedColumns.flatMap(({ name, changes }) =>
          changes.map(({ field, one: before, other: after }) => [
            `${name}: ${field}`,
            textOf(before),
            textOf(after),
          ]),
        )}
      />
      <Changes
        title="Other facts"
        head="Fact"
        rows={of.fields.map(({ field, one: before, other: after }) => [
          field,
          textOf(before),
          textOf(after),
        ])}
      />
      {[
        ...of.notes.removed.map(note => `− ${note}`),
        ...of.notes.added.map(note => `+ ${note}`),
      ].map(note => (
        <p key={note} class="soft">
          {note}
        </p>
      ))}
    </Card>
  )
}

type Row = readonly [name: string, before: string, after: string]

const countRow = ({ name, one, other }: DatasetDiff['splits'][number]): Row => [
  name,
  one === null ? 'none' : formatCount(one),
  other === null ? 'none' : formatCount(other),
]

const longest = 200
function textOf(value: unknown): string {
  if (typeof value === 'number') return formatMetric(value)
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'none')
  return text.length > longest ? `${text.slice(0, longest)}…` : text
}

function Changes({ title, head, rows }: { title: string; head: string; rows: readonly Row[] }) {
  if (rows.length === 0) return null
  return (
    <section class="stack">
      <h3>{title}</h3>
      <TableScroll label={title}>
        <table class="table">
          <thead>
            <tr>
              <th>{head}</th>
              <th>Before</th>
              <th>After</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(([name, before, after]) => (
              <tr key={name}>
                <td>{name}</td>
                <td class="wraps">{before}</td>
                <td class="wraps">{after}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableScroll>
    </section>
  )
}
