import { useEffect } from 'preact/hooks'
import type { DatasetImport } from '../../spec/dataset-import.js'
import { useChanges } from '../server/changes.js'
import { useResource } from '../server/resource.js'
import { client } from '../server/session.js'
import { Button } from '../ui/button.js'
import { Card } from '../ui/parts.js'
import { Age } from '../ui/time.js'
import { datasetUrl } from './dataset-facts.js'
import { ImportProgress, ImportStatus, useImport } from './import-state.js'
import { ProblemList } from './problem-list.js'
import { sendings } from './upload/sending.js'

/** How often the list of imports is read again: those that others start are not among the changes. */
const refreshMs = 15_000
const shownEnds = 5

/** Data sets that are being made, and those that could not be made lately. Nothing if there are none. */
export function ImportsCard() {
  const imports = useResource(() => client.imports.list({ limit: '50' }), [])
  useChanges(['dataset'], imports.reload, imports.reload)
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) imports.reload()
    }, refreshMs)
    return () => clearInterval(timer)
  }, [])
  const own = new Set(sendings.value.map(({ progress }) => progress?.id))
  const items = imports.data?.items.filter(({ id }) => !own.has(id)) ?? []
  const active = items.filter(({ finishedAt }) => finishedAt === null)
  const failed = items.filter(({ problem, status }) => problem && status !== 'cancelled')
  const shown = [...active, ...failed.slice(0, shownEnds)]
  if (shown.length === 0) return null
  return (
    <Card title="Being made, or failed">
      <ul class="imports">
        {shown.map(each => (
          <ImportItem key={each.id} given={each} onEnd={imports.reload} />
        ))}
      </ul>
      {failed.length > shownEnds && (
        <p class="soft">{failed.length - shownEnds} more have failed before.</p>
      )}
    </Card>
  )
}

function ImportItem({ given, onEnd }: { given: DatasetImport; onEnd: () => void }) {
  const latest = useImport(given)
  const { id, name, status, source, problem, finishedAt, createdAt, dataset } = latest
  useEffect(() => {
    if (finishedAt !== null && given.finishedAt === null) onEnd()
  }, [finishedAt])
  return (
    <li>
      <div class="row">
        <ImportStatus status={status} />
        <strong>{name ?? 'without a name'}</strong>
        <span class="soft">from {source.join(', ')}</span>
        <span class="faint">
          <Age time={finishedAt ?? createdAt} />
        </span>
        <span class="page-actions">
          {dataset !== null && <a href={datasetUrl(dataset)}>Open</a>}
          {finishedAt === null ? (
            <Button icon="stop" onClick={() => client.imports.cancel(id)}>
              Cancel
            </Button>
          ) : (
            <Button
              kind="quiet"
              icon="close"
              label="Forget this import"
              onClick={async () => {
                await client.imports.delete(id)
                onEnd()
              }}
            />
          )}
        </span>
      </div>
      {finishedAt === null && <ImportProgress of={latest} />}
      {problem && <ProblemList problem={problem} />}
    </li>
  )
}
