import { useState } from 'preact/hooks'
import type { ModelView } from '../../spec/model.js'
import { pathTo, placeUrl, setQuery } from '../place.js'
import { useResource } from '../server/resource.js'
import { client } from '../server/session.js'
import { Button, LinkButton } from '../ui/button.js'
import { Select } from '../ui/field.js'
import { formatMetric, formatPercent } from '../ui/format.js'
import { Loaded } from '../ui/load.js'
import { Badge, Card, TableScroll } from '../ui/parts.js'
import { Age } from '../ui/time.js'
import { DeleteVersion } from './delete-version.js'
import { EditVersion } from './edit-version.js'
import { isBoosting, tellingMetric } from './model-words.js'
import type { ModelTabProps } from './use-model.js'

/** As many versions are shown at first. */
const pageSize = 50
/** Metrics with a column of their own, unless the address names others. */
const metricColumns = 2

/** All versions with what was measured and noted of them. */
export function VersionsTab({ model, query, reload }: ModelTabProps) {
  const [limit, setLimit] = useState(pageSize)
  const [edited, setEdited] = useState<ModelView | null>(null)
  const [deleted, setDeleted] = useState<ModelView | 'all' | null>(null)
  const sort = query.get('sort') ?? '-version'
  const versions = useResource(
    () => client.models.versions(model.id, { sort, limit: String(Math.min(limit, 1000)) }),
    // the model is read again after each change of a version
    [model, sort, limit],
  )
  return (
    <Card
      title="Versions"
      actions={
        <>
          <Select
            label="Order of the versions"
            value={sort}
            options={orders(model)}
            onChange={value => setQuery({ sort: value === '-version' ? null : value })}
          />
          <Button icon="trash" onClick={() => setDeleted('all')}>
            Delete the model
          </Button>
        </>
      }
    >
      <Loaded of={versions} label="the versions">
        {({ items, total }) => {
          const names = metricNames(items)
          const isTrees = items.every(isBoosting)
          return (
            <>
              <TableScroll label="Table of the versions">
                <table class="table">
                  <thead>
                    <tr>
                      <th scope="col">Version</th>
                      <th scope="col">Aliases</th>
                      {names.map(name => (
                        <th key={name} scope="col" class="number">
                          {name}
                        </th>
                      ))}
                      <th scope="col">Stage, note and tags</th>
                      {!isTrees && <th scope="col">Precision</th>}
                      <th scope="col">Created</th>
                      <th scope="col">
                        <span class="only-heard">Actions</span>
                      </th>
                    </tr>
                  </thead>
                  <tbody>
                    {items.map(each => (
                      <VersionRow
                        key={each.version}
                        version={each}
                        metrics={names}
                        onEdit={() => setEdited(each)}
                        onDelete={() => setDeleted(each)}
                      />
                    ))}
                  </tbody>
                </table>
              </TableScroll>
              {total > items.length && (
                <div class="row">
                  <span class="soft">
                    {items.length} of {total} versions
                  </span>
                  {limit < 1000 && <Button onClick={() => setLimit(1000)}>Show more</Button>}
                </div>
              )}
            </>
          )
        }}
      </Loaded>
      {edited && <EditVersion version={edited} onClose={() => setEdited(null)} onChange={reload} />}
      {deleted && (
        <DeleteVersion
          model={model}
          version={deleted === 'all' ? null : deleted.version}
          onClose={() => setDeleted(null)}
          onDeleted={reload}
        />
      )}
    </Card>
  )
}

function orders(model: ModelView): (readonly [string, string])[] {
  const metrics = Object.keys(model.metrics).sort()
  return [
    ['-version', 'Newest first'],
    ['version', 'Oldest first'],
    ...metrics.flatMap(
      name =>
        [
          [`-metrics.${name}`, `${name}, largest first`],
          [`metrics.${name}`, `${name}, smallest first`],
        ] as const,
    ),
  ]
}

/** The most telling metric, and others of validation before those of training. */
function metricNames(versions: readonly ModelView[]): string[] {
  const telling = versions.map(tellingMetric).filter(name => name !== null)
  const all = versions.flatMap(({ metrics }) => Object.keys(metrics))
  const ofValidation = all.filter(name => name.startsWith('validation'))
  return [...new Set([...telling, ...ofValidation, ...all])].slice(0, metricColumns)
}

interface VersionRowProps {
  version: ModelView
  metrics: readonly string[]
  onEdit: () => void
  onDelete: () => void
}

function VersionRow({ version, metrics, onEdit, onDelete }: VersionRowProps) {
  const { id, aliases, stage, note, tags, createdAt, jobId } = version
  const number = version.version
  return (
    <tr>
      <th scope="row">
        <a href={placeUrl(pathTo('models', id), { version: number })}>version {number}</a>
      </th>
      <td>
        <span class="row tight">
          {aliases.map(alias => (
            <Badge key={alias} tone="good">
              {alias}
            </Badge>
          ))}
        </span>
      </td>
      {metrics.map(name => (
        <td key={name} class="number">
          {formatMetric(version.metrics[name])}
        </td>
      ))}
      <td class="version-note">
        {stage && <Badge tone="busy">{stage}</Badge>} {note}
        <ul class="chips">
          {Object.entries(tags).map(([name, value]) => (
            <li key={name}>
              <span class="version-tag">
                {name}: {value}
              </span>
            </li>
          ))}
        </ul>
      </td>
      {!isBoosting(version) && <td>{precisionText(version)}</td>}
      <td>
        <Age time={createdAt} />
      </td>
      <td>
        <span class="row tight nowrap">
          <LinkButton
            kind="quiet"
            icon="jobs"
            label={`The job of version ${number}`}
            href={`#${pathTo('jobs', jobId)}`}
          />
          <Button
            kind="quiet"
            icon="edit"
            label={`Edit stage, note and tags of version ${number}`}
            onClick={onEdit}
          />
          <Button kind="quiet" icon="trash" label={`Delete version ${number}`} onClick={onDelete} />
        </span>
      </td>
    </tr>
  )
}

/** What it is served in, and what that costs. */
function precisionText(version: ModelView): string {
  const card = 'precision' in version ? version.precision : undefined
  if (!card) return 'fp32'
  const measured = card.accuracies.find(({ precision }) => precision === card.served)
  if (!measured || card.served === 'fp32') return card.served
  return `${card.served}, ${formatPercent(measured.accuracyLoss, 2)} less accurate`
}
