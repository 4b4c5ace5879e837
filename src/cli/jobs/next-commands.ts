import type { Job } from '../../spec/job.js'

/** What a person may want to do with the job now: a reason, and the command that does it. */
export function nextCommands(job: Job): [what: string, command: string][] {
  const { id, status, requested, predict, result } = job
  switch (status) {
    case 'queued':
    case 'running':
      return [
        ['Follow it', `watch ${id}`],
        ['Read its log', `logs -f ${id}`],
        ...(requested === 'cancel' ? [] : [['End it', `cancel ${id}`] as [string, string]]),
      ]
    case 'paused':
      return [['Let it go on', `resume ${id}`]]
    case 'failed':
      return [
        ['See what happened', `logs ${id}`],
        ['Go on from its last checkpoint', `retry ${id}`],
      ]
    case 'cancelled':
      return [['Go on from its last checkpoint', `retry ${id}`]]
    case 'succeeded': {
      const curves: [string, string] = ['See its curves', `metrics ${id}`]
      if (predict !== null)
        return result?.dataset
          ? [['Read the predictions', `datasets show ${result.dataset.name}`]]
          : []
      return result ? [['Use its model', `predict ${result.model.id} FILE`], curves] : [curves]
    }
  }
}
