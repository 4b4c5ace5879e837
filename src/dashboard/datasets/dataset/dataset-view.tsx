import { useState } from 'preact/hooks'
import type { DatasetManifest } from '../../../spec/dataset.js'
import { goTo, pathTo, placeUrl } from '../../place.js'
import { useChanges } from '../../server/changes.js'
import { useResource } from '../../server/resource.js'
import { client, serverUrl } from '../../server/session.js'
import { Button, LinkButton } from '../../ui/button.js'
import { confirmAction } from '../../ui/dialog.js'
import { Loaded } from '../../ui/load.js'
import { Menu } from '../../ui/menu.js'
import { Badge, Empty, Page } from '../../ui/parts.js'
import { Tabs } from '../../ui/tabs.js'
import { showToast } from '../../ui/toast.js'
import type { ViewProps } from '../../view.js'
import { datasetUrl } from '../dataset-facts.js'
import { Columns } from './columns.js'
import { DeriveForm } from './derive-form.js'
import { Images } from './images.js'
import { Overview } from './overview.js'
import { Rows } from './rows.js'
import { UsedBy } from './used-by.js'
import { Versions } from './versions.js'

const tabsOf = {
  images: [
    ['overview', 'Overview'],
    ['images', 'Images'],
    ['versions', 'Versions'],
    ['derive', 'Derive'],
    ['used', 'Used by'],
  ],
  table: [
    ['overview', 'Overview'],
    ['columns', 'Columns'],
    ['rows', 'Rows'],
    ['versions', 'Versions'],
    ['derive', 'Derive'],
    ['used', 'Used by'],
  ],
} as const

/** One data set, by its id or a name. */
export default function DatasetView({ params, query }: ViewProps) {
  const id = params.id!
  const dataset = useResource(() => client.datasets.get(id), [id])
  const [deleted, setDeleted] = useState<string | null>(null)
  const found = dataset.data
  useChanges(
    ['dataset'],
    ({ type, data }) => {
      const isThis = found && 'id' in data && data.id === found.id
      if (isThis && type === 'dataset.deleted') setDeleted(found.id)
      // a data set never changes, but a name may point to another one now
      else if (found?.id !== id) dataset.reload()
    },
    dataset.reload,
  )
  if (found && deleted === found.id) return <Deleted name={found.name} />
  const isShown = found && (found.id === id || found.name === id)
  return (
    <Page
      title={found?.name ?? id}
      back={{ href: placeUrl('/datasets'), label: 'Data sets' }}
      beside={
        found && (
          <>
            <Badge tone={found.kind === 'images' ? 'good' : 'busy'}>{found.kind}</Badge>
            <span class="mono faint">{found.id}</span>
          </>
        )
      }
      actions={found && <Actions of={found} />}
    >
      <Loaded of={dataset} label="the data set">
        {data => isShown && <Parts of={data} query={query} />}
      </Loaded>
    </Page>
  )
}

const Deleted = ({ name }: { name: string }) => (
  <Page title={name} back={{ href: placeUrl('/datasets'), label: 'Data sets' }}>
    <Empty icon="trash" title="This data set was deleted">
      <LinkButton href={placeUrl('/datasets')}>Other data sets</LinkButton>
    </Empty>
  </Page>
)

function Parts({ of, query }: { of: DatasetManifest; query: URLSearchParams }) {
  const tabs = tabsOf[of.kind]
  const current = tabs.find(([name]) => name === query.get('tab'))?.[0] ?? 'overview'
  return (
    <>
      <Tabs
        label="Parts of the data set"
        current={current}
        tabs={tabs.map(([name, title]) => ({
          name,
          title,
          href: datasetUrl(of.id, { tab: name === 'overview' ? null : name }),
        }))}
      />
      {current === 'overview' && <Overview of={of} />}
      {current === 'images' && of.kind === 'images' && <Images of={of} query={query} />}
      {current === 'columns' && of.kind === 'table' && <Columns of={of} />}
      {current === 'rows' && of.kind === 'table' && <Rows of={of} query={query} />}
      {current === 'versions' && <Versions of={of} query={query} />}
      {current === 'derive' && <DeriveForm key={of.id} of={of} />}
      {current === 'used' && <UsedBy of={of} />}
    </>
  )
}

const exportFormats = {
  images: [
    ['tfrecord', 'TFRecord shards (tar)'],
    ['folders', 'Folders of images (zip)'],
  ],
  table: [
    ['csv', 'CSV'],
    ['parquet', 'Parquet'],
    ['arrow', 'Arrow'],
  ],
} as const

function Actions({ of }: { of: DatasetManifest }) {
  const { id, name, kind } = of
  const named = useResource(() => client.datasets.get(name), [id, name])
  // the name of an earlier version means a later one
  const isCurrent = named.data?.id === id
  return (
    <>
      <LinkButton
        kind="primary"
        icon="play"
        href={placeUrl(pathTo('jobs', 'new'), { dataset: isCurrent ? name : id })}
      >
        Train on this
      </LinkButton>
      <Menu label="Download" icon="download" text="Download">
        {exportFormats[kind].map(([format, title]) => (
          <LinkButton
            key={format}
            icon="download"
            download
            href={`${serverUrl}/datasets/${id}/archive?format=${format}`}
          >
            {title}
          </LinkButton>
        ))}
      </Menu>
      <Button icon="trash" onClick={() => removeDataset(of)}>
        Delete
      </Button>
    </>
  )
}

async function removeDataset({ id, name, records, kind }: DatasetManifest): Promise<void> {
  const isSure = await confirmAction({
    title: `Delete ${name}?`,
    text: (
      <p>
        The data set <code>{id}</code> with {records} {kind === 'images' ? 'images' : 'rows'} is
        removed for good. Models that were trained on it stay.
      </p>
    ),
    action: 'Delete',
    isDangerous: true,
  })
  if (!isSure) return
  await client.datasets.delete(id)
  showToast(`Data set ${name} is deleted.`)
  goTo(placeUrl('/datasets'))
}
