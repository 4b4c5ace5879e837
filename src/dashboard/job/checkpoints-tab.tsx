import { useEffect, useMemo } from 'preact/hooks'
import { formatCount } from '../../presentation/units.js'
import type { Checkpoint } from '../../spec/checkpoint.js'
import type { Job } from '../../spec/job.js'
import { placeUrl } from '../place.js'
import { throttled, useResource } from '../server/resource.js'
import { client } from '../server/session.js'
import { LinkButton } from '../ui/button.js'
import { formatBytes, formatPercent } from '../ui/format.js'
import { Loaded } from '../ui/load.js'
import { Badge, Card, Empty, TableScroll } from '../ui/parts.js'
import { Age } from '../ui/time.js'
import { fileUrl } from './job-files.js'
import { hasEnded, type JobTabProps, stepWord } from './use-job.js'

/** The checkpoints of a job, read again while it runs: no event says that there is a new one. */
export function useCheckpoints(job: Job) {
  const checkpoints = useResource(() => client.jobs.checkpoints(job.id), [job.id, job.status])
  const { reload } = checkpoints
  const reloadSoon = useMemo(() => throttled(reload, 5000), [reload])
  useEffect(() => {
    if (!hasEnded(job)) reloadSoon()
  }, [job.progress.step, job.phase])
  return checkpoints
}

/** From where the job can go on, or another one can begin. */
export function CheckpointsTab({ job }: JobTabProps) {
  const checkpoints = useCheckpoints(job)
  const { removedCheckpoints: removed } = job
  return (
    <Card title="Checkpoints">
      <Loaded of={checkpoints} label="the checkpoints">
        {({ items, damaged }) => (
          <>
            {items.length > 0 ? (
              <CheckpointTable job={job} items={items.toReversed()} />
            ) : (
              <Empty icon="database" title="There are no checkpoints">
                <p>{removed ? 'All were removed.' : 'The job has not written one yet.'}</p>
              </Empty>
            )}
            {damaged.map(({ file, reason }) => (
              <p key={file} class="field-error">
                A checkpoint is damaged and cannot be used: <code>{file}</code>, {reason}
              </p>
            ))}
          </>
        )}
      </Loaded>
      {removed && (
        <p class="soft">
          Removed to free space, <Age time={removed.at} />: {stepWord(job)}{' '}
          {removed.steps.map(formatCount).join(', ')}
        </p>
      )}
    </Card>
  )
}

const CheckpointTable = ({ job, items }: { job: Job; items: readonly Checkpoint[] }) => (
  <TableScroll label="Checkpoints">
    <table class="table">
      <thead>
        <tr>
          <th scope="col" class="number">
            {stepWord(job)}
          </th>
          <th scope="col">
            <span class="only-heard">Marks</span>
          </th>
          <th scope="col">Written</th>
          <th scope="col" class="number">
            Attempt
          </th>
          <th scope="col" class="number">
            Accuracy
          </th>
          <th scope="col" class="number">
            Size
          </th>
          <th scope="col">
            <span class="only-heard">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {items.map(({ step, latest, best, createdAt, attempt, evaluation, files, format }) => (
          <tr key={step}>
            <th scope="row" class="number">
              {formatCount(step)}
            </th>
            <td>
              <span class="row">
                {best && <Badge tone="good">best</Badge>}
                {latest && <Badge tone="busy">latest</Badge>}
              </span>
            </td>
            <td>
              <Age time={createdAt} />
            </td>
            <td class="number">{attempt}</td>
            <td class="number">{formatPercent(evaluation?.accuracy, 2)}</td>
            <td class="number">{formatBytes(files.reduce((sum, { bytes }) => sum + bytes, 0))}</td>
            <td>
              <span class="row">
                <LinkButton
                  icon="download"
                  label={`Download the checkpoint of ${stepWord(job)} ${step}`}
                  href={fileUrl({}, 'jobs', job.id, 'checkpoints', step, 'archive')}
                  download
                />
                {format === 'tensorflow' && job.request && (
                  <LinkButton
                    icon="play"
                    href={placeUrl('/jobs/new', {
                      request: JSON.stringify({
                        ...job.request,
                        initFrom: { job: job.id, step },
                      }),
                    })}
                  >
                    Train on from here
                  </LinkButton>
                )}
              </span>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  </TableScroll>
)
