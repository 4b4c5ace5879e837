import { formatCount } from '../../../presentation/units.js'
import type { DatasetManifest } from '../../../spec/dataset.js'
import type { DatasetDiff } from '../../../spec/dataset-versions.js'
import { setQuery } from '../../place.js'
import { useChanges } from '../../server/changes.js'
import { useResource } from '../../server/resource.js'
import { client } from '../../server/session.js'
import { Button } from '../../ui/button.js'
import { Loaded } from '../../ui/load.js'
import { Badge, Card, Facts, TableScroll } from '../../ui/parts.js'
import { Age } from '../../ui/time.js'
import { showToast } from '../../ui/toast.js'
import { datasetUrl } from '../dataset-facts.js'
import { Diff } from './diff.js'

interface VersionsProps {
  of: DatasetManifest
  query: URLSearchParams
}

/** What the name of a data set has pointed at, and how two of these differ. */
export function Versions({ of, query }: VersionsProps) {
  const other = query.get('with')
  const versions = useResource(() => client.datasets.versions(of.name), [of.name])
  useChanges(['dataset'], versions.reload, versions.reload)
  const diff = useResource<DatasetDiff | null>(
    async () => (other === null ? null : client.datasets.diff(other, of.id)),
    [of.id, other],
  )

  async function makeCurrent(id: string) {
    await client.datasets.setName(of.name, id)
    showToast(`The name ${of.name} points to ${id} now.`)
    versions.reload()
  }
  return (
    <div class="stack">
      <Loaded of={versions} label="the versions">
        {({ items }) => (
          <TableScroll label="Versions">
            <table class="table">
              <thead>
                <tr>
                  <th>Data set</th>
                  <th>Since</th>
                  <th class="number">Records</th>
                  <th>
                    <span class="only-heard">Actions</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {items.map(({ id, at, current, records }) => (
                  <tr key={`${id} ${at}`}>
                    <td>
                      <a class="mono" href={datasetUrl(id, { tab: 'versions' })}>
                        {id}
                      </a>{' '}
                      {current && <Badge tone="good">current</Badge>}{' '}
                      {id === of.id && <span class="faint">shown here</span>}
                    </td>
                    <td>
                      <Age time={at} />
                    </td>
                    <td class="number">{records === null ? 'damaged' : formatCount(records)}</td>
                    <td>
                      <div class="row">
                        {id !== of.id && (
                          <Button
                            pressed={other === id}
                            onClick={() => setQuery({ with: other === id ? null : id })}
                          >
                            Compare
                          </Button>
                        )}
                        {id !== items.find(each => each.current)?.id && (
                          <Button onClick={() => makeCurrent(id)}>Make it current</Button>
                        )}
                      </div>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </TableScroll>
        )}
      </Loaded>
      {versions.data?.items.length === 1 && (
        <p class="soft">
          If you upload or derive another data set under the name {of.name}, it is listed here, and
          can be compared with this one.
        </p>
      )}
      {other !== null && (
        <Loaded of={diff} label="the comparison">
          {found => found && <Diff of={found} />}
        </Loaded>
      )}
      <CompareWith of={of} />
    </div>
  )
}

/** Any other data set can be compared, not only a version of this name. */
function CompareWith({ of }: { of: DatasetManifest }) {
  const others = useResource(
    () => client.datasets.list({ kind: of.kind, fields: 'id,name,records', limit: '200' }),
    [of.kind],
  )
  const items = others.data?.items.filter(({ id }) => id !== of.id) ?? []
  if (items.length === 0) return null
  return (
    <Card title="Compare with another data set">
      <Facts
        facts={[
          [
            'Data set',
            <select
              key="other"
              class="input"
              aria-label="Compare with"
              value=""
              onChange={event => setQuery({ with: event.currentTarget.value })}
            >
              <option value="">Choose one</option>
              {items.map(({ id, name, records }) => (
                <option key={id} value={id}>
                  {`${name}, ${formatCount(records)} records, ${id}`}
                </option>
              ))}
            </select>,
          ],
        ]}
      />
    </Card>
  )
}
