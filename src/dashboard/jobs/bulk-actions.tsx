import { formatCount } from '../../presentation/units.js'
import { goTo, placeUrl } from '../place.js'
import { client } from '../server/session.js'
import { Button } from '../ui/button.js'
import { confirmAction } from '../ui/dialog.js'
import type { IconName } from '../ui/icon.js'
import { showToast } from '../ui/toast.js'
import { deleteJobs, deleteNow } from './deferred-deletion.js'
import { allows, type Verb } from './job-row.js'
import type { SelectedJob, Selection } from './selection.js'

const verbs: readonly { verb: Verb; icon: IconName; title: string; done: string }[] = [
  { verb: 'pause', icon: 'pause', title: 'Pause', done: 'paused, or pausing' },
  { verb: 'resume', icon: 'play', title: 'Resume', done: 'resumed' },
  { verb: 'retry', icon: 'refresh', title: 'Retry', done: 'queued again' },
  { verb: 'cancel', icon: 'stop', title: 'Cancel', done: 'cancelled, or cancelling' },
  { verb: 'delete', icon: 'trash', title: 'Delete', done: 'deleted' },
]

/** Jobs of one request, and of one that the browser still sends when the page closes (64 KiB). */
const mostJobs = 1000
const mostUndoable = 1500

interface BulkActionsProps {
  selection: Selection
  /** The selected jobs, with the statuses that they have now. */
  jobs: readonly SelectedJob[]
  onDone: () => void
}

/** What can be done with the selected jobs. A verb says how many of them take it. */
export function BulkActions({ selection, jobs, onDone }: BulkActionsProps) {
  async function perform(verb: Verb, done: string) {
    const ids = jobs.filter(({ status }) => allows(verb, status)).map(({ id }) => id)
    if (verb === 'delete') {
      if (await removeJobs(ids)) selection.clear()
      return
    }
    if (verb === 'cancel' && !(await confirmCancel(ids.length))) return
    await actOn(verb, ids, done)
    onDone()
  }
  return (
    <div class="bulk-actions" role="toolbar" aria-label="Selected jobs">
      <b>{formatCount(jobs.length)} selected</b>
      {verbs.map(({ verb, icon, title, done }) => {
        const count = jobs.filter(({ status }) => allows(verb, status)).length
        return (
          <Button
            key={verb}
            icon={icon}
            disabled={count === 0}
            title={count === 0 ? `None of the selected jobs can be ${pastOf[verb]}` : undefined}
            onClick={() => perform(verb, done)}
          >
            {count > 0 && count < jobs.length ? `${title} ${formatCount(count)}` : title}
          </Button>
        )
      })}
      <Button
        icon="chart"
        disabled={jobs.length < 2}
        onClick={() => goTo(placeUrl('/compare', { jobs: jobs.map(({ id }) => id).join(',') }))}
      >
        Compare
      </Button>
      <Button kind="quiet" icon="close" label="Clear the selection" onClick={selection.clear} />
    </div>
  )
}

const pastOf: Record<Verb, string> = {
  ...{ pause: 'paused', resume: 'resumed', retry: 'retried', cancel: 'cancelled' },
  delete: 'deleted: only jobs that have ended can',
}

async function actOn(verb: Exclude<Verb, 'delete'>, ids: readonly string[], done: string) {
  let succeeded = 0
  const problems: string[] = []
  for (let from = 0; from < ids.length; from += mostJobs) {
    const answer = await client.jobs.actOnMany({
      action: verb,
      ids: ids.slice(from, from + mostJobs),
    })
    succeeded += answer.succeeded
    for (const { problem } of answer.items) if (problem) problems.push(problem.detail)
  }
  if (succeeded > 0) {
    showToast(`${formatCount(succeeded)} ${succeeded === 1 ? 'job' : 'jobs'} ${done}`)
  }
  if (problems.length > 0) {
    const text = `${formatCount(problems.length)} of ${formatCount(ids.length)} jobs did not change: ${problems[0]}`
    showToast(text, { tone: 'danger' })
  }
}

const confirmCancel = (count: number): Promise<boolean> =>
  confirmAction({
    title: count === 1 ? 'Cancel this job?' : `Cancel ${formatCount(count)} jobs?`,
    text: 'Their checkpoints stay, and a cancelled job can be retried.',
    action: count === 1 ? 'Cancel the job' : 'Cancel the jobs',
    isDangerous: true,
  })

/** Deletes with an undo; more jobs than a closing page could still send are asked for instead. */
async function removeJobs(ids: readonly string[]): Promise<boolean> {
  if (ids.length > mostUndoable) {
    const isConfirmed = await confirmAction({
      title: `Delete ${formatCount(ids.length)} jobs?`,
      text: 'Their metrics, logs and checkpoints are removed. This cannot be undone.',
      action: 'Delete the jobs',
      isDangerous: true,
    })
    if (isConfirmed) await deleteNow(ids)
    return isConfirmed
  }
  deleteJobs(ids)
  return true
}
