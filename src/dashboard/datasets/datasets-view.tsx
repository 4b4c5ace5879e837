import { useMemo } from 'preact/hooks'
import { formatCount } from '../../presentation/units.js'
import type { DatasetManifest } from '../../spec/dataset.js'
import { placeUrl, setQuery } from '../place.js'
import { useChanges } from '../server/changes.js'
import { throttled, useResource } from '../server/resource.js'
import { client } from '../server/session.js'
import { Button, LinkButton } from '../ui/button.js'
import { Select, TextInput } from '../ui/field.js'
import { formatBytes } from '../ui/format.js'
import { Loaded } from '../ui/load.js'
import { Badge, Empty, Page, TableScroll } from '../ui/parts.js'
import { Age } from '../ui/time.js'
import type { ViewProps } from '../view.js'
import { bytesOf, datasetUrl, describeContent } from './dataset-facts.js'
import { ImportsCard } from './imports-card.js'
import { SortHeader } from './sort-header.js'
import { SendingCard } from './upload/sending-card.js'

const pageSize = 50
const mostRows = 1000

/** What the list shows of each data set. */
const fields = [
  ...['id', 'name', 'kind', 'records', 'createdAt', 'height', 'width', 'channels'],
  ...['labels', 'columns', 'shards'],
].join(',')

export default function DatasetsView({ query }: ViewProps) {
  const name = query.get('name') ?? ''
  const kind = query.get('kind') ?? ''
  const sort = query.get('sort') ?? ''
  const limit = Math.min(Number(query.get('limit')) || pageSize, mostRows)
  const datasets = useResource(() => {
    const filters = { name: name.toLowerCase(), kind, sort }
    const given = Object.entries(filters).filter(([, value]) => value !== '')
    return client.datasets.list([['fields', fields], ['limit', String(limit)], ...given] as [
      string,
      string,
    ][])
  }, [name, kind, sort, limit])
  const reload = useMemo(() => throttled(datasets.reload, 1000), [])
  useChanges(['dataset'], reload, reload)
  const isFiltered = name !== '' || kind !== ''
  return (
    <Page
      title="Data sets"
      actions={
        <LinkButton kind="primary" icon="upload" href={placeUrl('/new-dataset')}>
          New data set
        </LinkButton>
      }
    >
      <SendingCard filter={({ state }) => state !== 'made'} />
      <ImportsCard />
      <div class="row dataset-filters">
        <TextInput
          type="search"
          label="Names that begin with"
          placeholder="Name begins with"
          value={name}
          onChange={value => setQuery({ name: value, limit: null })}
        />
        <Select
          label="Kind"
          value={kind}
          options={[
            ['', 'All kinds'],
            ['images', 'Images'],
            ['table', 'Tables'],
          ]}
          onChange={value => setQuery({ kind: value, limit: null })}
        />
      </div>
      <Loaded of={datasets} label="data sets">
        {({ items, damaged, total }) => (
          <>
            {damaged.map(each => (
              <p key={each.file} class="notice warning" role="alert">
                <span>
                  <code>{each.id}</code> is damaged: {each.reason} (<code>{each.file}</code>)
                </span>
              </p>
            ))}
            {items.length > 0 ? (
              <DatasetTable items={items} sort={sort} />
            ) : isFiltered ? (
              <Empty icon="search" title="No data set matches">
                <Button onClick={() => setQuery({ name: null, kind: null })}>Show all</Button>
              </Empty>
            ) : (
              <Empty icon="database" title="No data sets yet">
                <p>
                  Images in folders, a CSV or Parquet file, TFRecords: drop them on the next page.
                </p>
                <LinkButton kind="primary" icon="upload" href={placeUrl('/new-dataset')}>
                  Make the first data set
                </LinkButton>
              </Empty>
            )}
            {total > items.length && (
              <div class="row">
                <span class="soft">
                  {formatCount(items.length)} of {formatCount(total)}
                </span>
                {limit < mostRows ? (
                  <Button onClick={() => setQuery({ limit: Math.min(limit * 4, mostRows) })}>
                    Show more
                  </Button>
                ) : (
                  <span class="soft">Search by name to see others.</span>
                )}
              </div>
            )}
          </>
        )}
      </Loaded>
    </Page>
  )
}

const DatasetTable = ({ items, sort }: { items: readonly DatasetManifest[]; sort: string }) => (
  <TableScroll label="Data sets">
    <table class="table">
      <thead>
        <tr>
          <SortHeader name="name" sort={sort}>
            Name
          </SortHeader>
          <SortHeader name="kind" sort={sort}>
            Kind
          </SortHeader>
          <SortHeader name="records" sort={sort} isNumber>
            Records
          </SortHeader>
          <th>Content</th>
          <th class="number">Size</th>
          <SortHeader name="createdAt" sort={sort || '-createdAt'}>
            Created
          </SortHeader>
          <th>
            <span class="only-heard">Versions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {items.map(dataset => (
          <tr key={dataset.id}>
            <td class="dataset-name">
              <a href={datasetUrl(dataset.id)}>{dataset.name}</a>{' '}
              <span class="mono faint">{dataset.id}</span>
            </td>
            <td>
              <Kind kind={dataset.kind} />
            </td>
            <td class="number">{formatCount(dataset.records)}</td>
            <td>{describeContent(dataset)}</td>
            <td class="number">{formatBytes(bytesOf(dataset))}</td>
            <td>
              <Age time={dataset.createdAt} />
            </td>
            <td>
              <a href={datasetUrl(dataset.id, { tab: 'versions' })}>
                Versions<span class="only-heard"> of {dataset.name}</span>
              </a>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  </TableScroll>
)

export const Kind = ({ kind }: { kind: DatasetManifest['kind'] }) => (
  <Badge tone={kind === 'images' ? 'good' : 'busy'}>{kind}</Badge>
)
