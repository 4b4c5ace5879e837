import type { Job } from '../../spec/job.js'
import { goTo, pathTo, placeUrl } from '../place.js'
import { client } from '../server/session.js'
import { Button, LinkButton } from '../ui/button.js'
import { confirmAction } from '../ui/dialog.js'
import { Menu } from '../ui/menu.js'
import { showToast } from '../ui/toast.js'
import { hasEnded } from './use-job.js'

interface JobActionsProps {
  job: Job
  onChange: (job: Job) => void
  onEdit: () => void
}

/** What can be done with a job in its present state (docs/jobs.md, states and verbs). */
export function JobActions({ job, onChange, onEdit }: JobActionsProps) {
  const { id, name, status, requested } = job
  const act = (verb: 'pause' | 'resume' | 'cancel' | 'retry') => async () => {
    onChange(await client.jobs.act(id, verb))
  }
  async function cancel() {
    const isConfirmed = await confirmAction({
      title: `Cancel ${name}?`,
      text: 'Its training ends within ten seconds. What it has trained since its last checkpoint is lost; a retry goes on from there.',
      action: 'Cancel the job',
      isDangerous: true,
    })
    if (isConfirmed) await act('cancel')()
  }
  async function remove() {
    const isConfirmed = await confirmAction({
      title: `Delete ${name}?`,
      text: 'Its metrics, log and checkpoints are deleted and cannot be restored. A model or data set that it made is kept.',
      action: 'Delete the job',
      isDangerous: true,
    })
    if (!isConfirmed) return
    await client.jobs.delete(id)
    showToast(`${name} is deleted`)
    goTo('#/jobs')
  }
  const canPause = (status === 'queued' || status === 'running') && !requested
  const canResume = status === 'paused' || requested === 'pause'
  const canCancel = !hasEnded(job) && requested !== 'cancel'
  return (
    <>
      {canPause && (
        <Button icon="pause" onClick={act('pause')}>
          Pause
        </Button>
      )}
      {canResume && (
        <Button
          icon="play"
          kind={status === 'paused' ? 'primary' : 'plain'}
          onClick={act('resume')}
        >
          Resume
        </Button>
      )}
      {(status === 'failed' || status === 'cancelled') && (
        <Button icon="refresh" onClick={act('retry')}>
          Retry
        </Button>
      )}
      {canCancel && (
        <Button icon="stop" onClick={cancel}>
          Cancel
        </Button>
      )}
      {job.request && (
        <LinkButton icon="copy" href={placeUrl('/jobs/new', { from: id })}>
          Run again with changes
        </LinkButton>
      )}
      <Menu label="More actions" icon="more">
        {close => (
          <>
            <Button
              icon="edit"
              onClick={() => {
                close()
                onEdit()
              }}
            >
              Edit name and labels
            </Button>
            {!job.predict && (
              <LinkButton icon="chart" href={placeUrl('/compare', { jobs: id })}>
                Compare with other jobs
              </LinkButton>
            )}
            <LinkButton icon="database" href={`#${pathTo('datasets', job.dataset.id)}`}>
              Open its data set
            </LinkButton>
            {(hasEnded(job) || status === 'paused') && (
              <Button
                icon="trash"
                disabled={!hasEnded(job)}
                title={hasEnded(job) ? undefined : 'Cancel the job before you delete it'}
                onClick={remove}
              >
                Delete
              </Button>
            )}
          </>
        )}
      </Menu>
    </>
  )
}
