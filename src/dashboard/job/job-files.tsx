import type { Job } from '../../spec/job.js'
import { pathTo, placeUrl } from '../place.js'
import { serverUrl } from '../server/session.js'
import { LinkButton } from '../ui/button.js'
import { Card } from '../ui/parts.js'

/** The address of something that the server sends as a file. */
export const fileUrl = (query: Record<string, string>, ...segments: (string | number)[]) => {
  const text = new URLSearchParams(query).toString()
  return `${serverUrl}${pathTo(...segments)}${text && `?${text}`}`
}

/** What the job wrote, to download. */
export function JobFiles({ job }: { job: Job }) {
  const { id, result, predict, attempt } = job
  if (attempt === 0) return null
  const { model, dataset } = result ?? {}
  return (
    <Card title="Files">
      <div class="row">
        {!predict && (
          <>
            <Download href={fileUrl({ format: 'csv' }, 'jobs', id, 'metrics')}>
              Metrics, CSV
            </Download>
            <Download href={fileUrl({ format: 'ndjson' }, 'jobs', id, 'metrics')}>
              Metrics, NDJSON
            </Download>
            <Download href={fileUrl({}, 'jobs', id, 'tensorboard')}>TensorBoard, tar</Download>
          </>
        )}
        <Download href={fileUrl({ format: 'text' }, 'jobs', id, 'logs')} name={`${id}.log`}>
          Log, text
        </Download>
        {model && !predict && (
          <>
            <Download
              href={fileUrl({ version: String(model.version) }, 'models', model.id, 'archive')}
            >
              Model, tar
            </Download>
            <LinkButton
              icon="model"
              href={placeUrl(pathTo('models', model.id), { version: model.version })}
            >
              Other exports
            </LinkButton>
          </>
        )}
        {dataset && (
          <Download href={fileUrl({ format: 'csv' }, 'datasets', dataset.id, 'archive')}>
            Predictions, CSV
          </Download>
        )}
      </div>
    </Card>
  )
}

interface DownloadProps {
  href: string
  name?: string
  children: string
}

const Download = ({ href, name, children }: DownloadProps) => (
  <LinkButton icon="download" href={href} download={name ?? true}>
    {children}
  </LinkButton>
)
