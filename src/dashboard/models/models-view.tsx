import { useEffect, useMemo, useState } from 'preact/hooks'
import { formatCount } from '../../presentation/units.js'
import type { ModelView } from '../../spec/model.js'
import { pathTo, placeUrl, setQuery } from '../place.js'
import { useChanges } from '../server/changes.js'
import { throttled, useResource } from '../server/resource.js'
import { client, serverUrl } from '../server/session.js'
import { Button, LinkButton } from '../ui/button.js'
import { Select, TextInput } from '../ui/field.js'
import { formatMetric } from '../ui/format.js'
import { Icon } from '../ui/icon.js'
import { Loaded } from '../ui/load.js'
import { Badge, Empty, Page, TableScroll } from '../ui/parts.js'
import { Age } from '../ui/time.js'
import type { ViewProps } from '../view.js'
import { kindText, tellingMetric } from './model-words.js'

const pageSize = 100

const kinds = [
  ['', 'All kinds'],
  ['resnet', 'ResNet'],
  ['vgg', 'VGG'],
  ['boosting', 'Boosted trees'],
] as const

export default function ModelsView({ query }: ViewProps) {
  const search = query.get('q') ?? ''
  const kind = query.get('kind') ?? ''
  const sort = query.get('sort') ?? '-createdAt'
  const metric = query.get('metric') ?? ''
  const [typed, setTyped] = useState(search)
  const [limit, setLimit] = useState(pageSize)
  useEffect(() => {
    const timer = setTimeout(() => typed !== search && setQuery({ q: typed.trim() }), 250)
    return () => clearTimeout(timer)
  }, [typed])

  const models = useResource(
    () =>
      client.models.list({
        sort,
        limit: String(Math.min(limit, 1000)),
        ...(search && { name: search }),
        ...(kind && { model: kind }),
      }),
    [search, kind, sort, limit],
  )
  const reloadSoon = useMemo(() => throttled(models.reload, 500), [models.reload])
  useChanges(['model'], reloadSoon, reloadSoon)
  const isFiltered = Boolean(search || kind)
  const metrics = [...new Set(models.data?.items.flatMap(({ metrics }) => Object.keys(metrics)))]
  return (
    <Page
      title="Models"
      actions={
        <LinkButton kind="primary" icon="add" href="#/jobs/new">
          Train a model
        </LinkButton>
      }
    >
      <div class="row list-controls" role="search">
        <TextInput
          type="search"
          class="search"
          label="Beginning of the name"
          placeholder="Beginning of the name"
          value={typed}
          onChange={setTyped}
        />
        <Select
          label="Kind of the model"
          value={kind}
          options={kinds}
          onChange={value => setQuery({ kind: value })}
        />
        <Select
          label="Metric"
          value={metric}
          options={[
            ['', 'Most telling metric'],
            ...[...new Set([...metrics, ...(metric ? [metric] : [])])]
              .sort()
              .map(name => [name, name] as const),
          ]}
          onChange={value =>
            setQuery({ metric: value, ...(sort.includes('metrics.') && { sort: null }) })
          }
        />
      </div>
      <Loaded of={models} label="the models">
        {({ items, total, damaged }) => (
          <>
            {items.length > 0 ? (
              <TableScroll label="Table of the models">
                <table class="table models-table">
                  <thead>
                    <tr>
                      <Sortable field="id" sort={sort} title="Name" />
                      <Sortable field="model.kind" sort={sort} title="Kind" />
                      <th scope="col">Versions</th>
                      <th scope="col">Aliases</th>
                      {metric ? (
                        <Sortable field={`metrics.${metric}`} sort={sort} title={metric} isNumber />
                      ) : (
                        <th scope="col" class="number">
                          Metric
                        </th>
                      )}
                      <Sortable field="dataset.name" sort={sort} title="Data set" />
                      <Sortable field="createdAt" sort={sort} title="Created" />
                    </tr>
                  </thead>
                  <tbody>
                    {items.map(model => (
                      <ModelRow key={model.id} model={model} metric={metric} />
                    ))}
                  </tbody>
                </table>
              </TableScroll>
            ) : (
              <NoModels isFiltered={isFiltered} />
            )}
            {damaged.map(({ file, reason }) => (
              <p key={file} class="field-error">
                A model is damaged and not listed: <code>{file}</code>, {reason}
              </p>
            ))}
            {total > items.length && (
              <div class="row">
                <span class="soft">
                  {formatCount(items.length)} of {formatCount(total)}
                </span>
                {limit < 1000 ? (
                  <Button onClick={() => setLimit(limit + pageSize * 2)}>Show more</Button>
                ) : (
                  <span class="soft">Search by name to find the others.</span>
                )}
              </div>
            )}
          </>
        )}
      </Loaded>
    </Page>
  )
}

interface SortableProps {
  field: string
  sort: string
  title: string
  isNumber?: boolean
}

function Sortable({ field, sort, title, isNumber }: SortableProps) {
  const isDescending = sort === `-${field}`
  const isSorted = isDescending || sort === field
  return (
    <th
      scope="col"
      class={isNumber ? 'number' : ''}
      aria-sort={isSorted ? (isDescending ? 'descending' : 'ascending') : undefined}
    >
      <button
        type="button"
        class="sort-button"
        onClick={() => setQuery({ sort: sort === field ? `-${field}` : field })}
      >
        {title}
        {isSorted && <Icon name={isDescending ? 'down' : 'up'} />}
      </button>
    </th>
  )
}

function ModelRow({ model, metric }: { model: ModelView; metric: string }) {
  const { id, version, versions, dataset, createdAt, metrics } = model
  const shown = metric || tellingMetric(model)
  const newest = versions.at(-1)
  return (
    <tr>
      <th scope="row">
        <a href={`#${pathTo('models', id)}`}>{id}</a>
      </th>
      <td>{kindText(model)}</td>
      <td>
        <a href={placeUrl(pathTo('models', id), { tab: 'versions' })}>
          {versions.length === 1 ? `version ${version}` : `${versions.length} versions`}
        </a>
        {newest !== version && (
          <span class="soft">
            {' '}
            newest {newest}, serves {version}
          </span>
        )}
        {newest === version && versions.length > 1 && <span class="soft"> newest {newest}</span>}
      </td>
      <td>{versions.length > 1 ? <AllAliases id={id} /> : <Aliases names={model.aliases} />}</td>
      <td class="number">
        {shown && metrics[shown] !== undefined ? (
          <>
            {formatMetric(metrics[shown])}
            {!metric && <span class="metric-name">{shown}</span>}
          </>
        ) : (
          <span class="faint">–</span>
        )}
      </td>
      <td>
        <a href={`#${pathTo('datasets', dataset.id)}`}>{dataset.name}</a>
      </td>
      <td>
        <Age time={createdAt} />
      </td>
    </tr>
  )
}

const Aliases = ({ names }: { names: readonly string[] }) => (
  <span class="row tight">
    {names.map(name => (
      <Badge key={name} tone="good">
        {name}
      </Badge>
    ))}
  </span>
)

/** A list has the aliases of one version only. */
function AllAliases({ id }: { id: string }) {
  const aliases = useResource(() => client.aliases.list(id), [id])
  useChanges(
    ['model'],
    ({ data }) => 'model' in data && data.model === id && aliases.reload(),
    aliases.reload,
  )
  return (
    <span class="row tight">
      {aliases.data?.items.map(({ alias, version }) => (
        <Badge key={alias} tone="good">
          {alias} → {version}
        </Badge>
      ))}
    </span>
  )
}

function NoModels({ isFiltered }: { isFiltered: boolean }) {
  if (isFiltered) {
    return (
      <Empty icon="search" title="No model matches">
        <p>The search finds models whose names begin with the text.</p>
        <LinkButton href="#/models">Show all models</LinkButton>
      </Empty>
    )
  }
  return (
    <Empty icon="model" title="There are no models yet">
      <p>A job publishes its model under its name once it has succeeded.</p>
      <div class="row">
        <LinkButton kind="primary" icon="add" href="#/jobs/new">
          Train a model
        </LinkButton>
        <LinkButton icon="external" href={`${serverUrl}/docs`}>
          API
        </LinkButton>
      </div>
    </Empty>
  )
}
