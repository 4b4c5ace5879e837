import { useMemo } from 'preact/hooks'
import { formatCount } from '../../../presentation/units.js'
import type { DatasetManifest } from '../../../spec/dataset.js'
import { pathTo, placeUrl } from '../../place.js'
import { useChanges } from '../../server/changes.js'
import { throttled, useResource } from '../../server/resource.js'
import { client } from '../../server/session.js'
import { LinkButton } from '../../ui/button.js'
import { Loaded } from '../../ui/load.js'
import { Card, Empty } from '../../ui/parts.js'
import { Status } from '../../ui/status.js'
import { Age } from '../../ui/time.js'

const shown = '50'

/** The jobs that have used a data set, and the models that they made. */
export function UsedBy({ of }: { of: DatasetManifest }) {
  const { id } = of
  const jobs = useResource(() => client.jobs.list({ dataset: id, limit: shown }), [id])
  const models = useResource(() => client.models.list({ dataset: id, limit: shown }), [id])
  const reload = useMemo(
    () =>
      throttled(() => {
        jobs.reload()
        models.reload()
      }, 2000),
    [],
  )
  useChanges(['job', 'model'], reload, reload)
  return (
    <div class="grid">
      <Card title="Jobs">
        <Loaded of={jobs} label="the jobs">
          {({ items, total }) =>
            items.length === 0 ? (
              <Empty icon="jobs" title="No job has used it">
                <LinkButton
                  icon="play"
                  href={placeUrl(pathTo('jobs', 'new'), { dataset: of.name })}
                >
                  Train on it
                </LinkButton>
              </Empty>
            ) : (
              <>
                <ul class="plain-list">
                  {items.map(job => (
                    <li key={job.id} class="row">
                      <a href={placeUrl(pathTo('jobs', job.id))}>{job.name ?? job.id}</a>
                      <Status status={job.status} requested={job.requested} />
                      <span class="faint">
                        <Age time={job.createdAt} />
                      </span>
                    </li>
                  ))}
                </ul>
                {total > items.length && (
                  <a href={placeUrl('/jobs', { dataset: id })}>All {formatCount(total)} jobs</a>
                )}
              </>
            )
          }
        </Loaded>
      </Card>
      <Card title="Models">
        <Loaded of={models} label="the models">
          {({ items, total }) =>
            items.length === 0 ? (
              <p class="soft">No model was trained on it.</p>
            ) : (
              <>
                <ul class="plain-list">
                  {items.map(model => (
                    <li key={`${model.id} ${model.version}`} class="row">
                      <a href={placeUrl(pathTo('models', model.id))}>{model.id}</a>
                      <span class="soft">version {model.version}</span>
                      <span class="faint">
                        <Age time={model.createdAt} />
                      </span>
                    </li>
                  ))}
                </ul>
                {total > items.length && (
                  <p class="soft">
                    The newest {items.length} of {formatCount(total)}.
                  </p>
                )}
              </>
            )
          }
        </Loaded>
      </Card>
    </div>
  )
}
