import { useState } from 'preact/hooks'
import { formatCount } from '../../../presentation/units.js'
import type { TableColumn, TableManifest } from '../../../spec/dataset.js'
import type { ColumnHistogram } from '../../../spec/dataset-preview.js'
import { useResource } from '../../server/resource.js'
import { client } from '../../server/session.js'
import { Button } from '../../ui/button.js'
import { formatMetric, formatPercent } from '../../ui/format.js'
import { Loaded } from '../../ui/load.js'
import { Badge, Card, type Fact, Facts } from '../../ui/parts.js'
import { Bars } from './bars.js'
import { Histogram } from './histogram.js'

const pageSize = 24
const bins = '24'

/** The columns of a table, with how their values are spread. */
export function Columns({ of }: { of: TableManifest }) {
  const [limit, setLimit] = useState(pageSize)
  const histograms = useResource(
    () => client.datasets.histograms(of.id, { bins, limit: String(limit) }),
    [of.id, limit],
  )
  const byName = new Map(of.columns.map(column => [column.name, column]))
  return (
    <div class="stack">
      <Loaded of={histograms} label="the columns">
        {({ items, total }) => (
          <>
            <div class="grid">
              {items.map(histogram => (
                <ColumnCard
                  key={histogram.name}
                  column={byName.get(histogram.name)!}
                  histogram={histogram}
                  table={of}
                />
              ))}
            </div>
            {items.length < total && (
              <div class="row">
                <span class="soft">
                  {formatCount(items.length)} of {formatCount(total)} columns
                </span>
                {limit < 1000 && (
                  <Button onClick={() => setLimit(Math.min(limit * 3, 1000))}>Show more</Button>
                )}
              </div>
            )}
          </>
        )}
      </Loaded>
    </div>
  )
}

interface ColumnCardProps {
  column: TableColumn
  histogram: ColumnHistogram
  table: TableManifest
}

function ColumnCard({ column, histogram, table }: ColumnCardProps) {
  const { name, type } = column
  return (
    <Card
      title={name}
      actions={
        <>
          {name === table.target && <Badge tone="good">target</Badge>}
          <Badge>{type}</Badge>
        </>
      }
    >
      <Facts facts={factsOf(column, table.records)} />
      <Spread histogram={histogram} records={table.records} />
    </Card>
  )
}

function factsOf(column: TableColumn, records: number): Fact[] {
  const { missing, distinct } = column
  return [
    [
      'Missing',
      missing === 0 ? '0' : `${formatCount(missing)} (${formatPercent(missing / records)})`,
    ],
    ['Different values', distinct === null ? 'many' : formatCount(distinct)],
    ...('mean' in column
      ? ([
          ['Range', `${formatMetric(column.min)} to ${formatMetric(column.max)}`],
          ['Mean', formatMetric(column.mean)],
        ] as Fact[])
      : []),
  ]
}

function Spread({ histogram, records }: { histogram: ColumnHistogram; records: number }) {
  switch (histogram.type) {
    case 'text':
      return <p class="soft">Text is not stored: this column is no feature.</p>
    case 'boolean':
      return (
        <Bars
          label={`Values of ${histogram.name}`}
          bars={[
            { label: 'true', count: histogram.true },
            { label: 'false', count: histogram.false },
          ]}
        />
      )
    case 'category':
      return (
        <Bars
          label={`Values of ${histogram.name}`}
          total={records}
          bars={[
            ...histogram.categories.map((label, i) => ({ label, count: histogram.counts[i]! })),
            ...(histogram.others.categories > 0
              ? [
                  {
                    label: `${formatCount(histogram.others.categories)} others`,
                    count: histogram.others.count,
                  },
                ]
              : []),
          ]}
        />
      )
    default:
      return <Histogram of={histogram} records={records} />
  }
}
