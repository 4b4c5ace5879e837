import { useEffect, useMemo } from 'preact/hooks'
import type { Job } from '../../spec/job.js'
import { useChanges } from '../server/changes.js'
import { type Resource, throttled, useResource } from '../server/resource.js'
import { client } from '../server/session.js'

/** How often a waiting job is read: no event says that its place in the queue or what it waits for has changed. */
const waitingMs = 3000

/** What each tab of the view receives. */
export interface JobTabProps {
  job: Job
}

/** A job that stays up to date while it is shown. */
export function useJob(id: string): Resource<Job> {
  const job = useResource(() => client.jobs.get(id), [id])
  const { reload, update, data } = job
  const reloadSoon = useMemo(() => throttled(reload, 300), [reload])
  useChanges(
    ['job'],
    ({ data: change }) => {
      if (!('id' in change) || change.id !== id) return
      if ('progress' in change) {
        const { attempt, phase, progress, metrics, best } = change
        update(before => ({ ...before, attempt, phase, progress, metrics, best }))
      } else reloadSoon()
    },
    reloadSoon,
  )
  const isWaiting = data && (data.status === 'queued' || data.waitingFor !== null)
  useEffect(() => {
    if (!isWaiting) return
    const timer = setInterval(() => !document.hidden && reload(), waitingMs)
    return () => clearInterval(timer)
  }, [isWaiting, reload])
  return job
}

export const hasEnded = ({ status }: Pick<Job, 'status'>): boolean =>
  status === 'succeeded' || status === 'failed' || status === 'cancelled'

/** Trees grow in rounds, predictions go record by record. */
export const stepWord = ({ model, predict }: Pick<Job, 'model' | 'predict'>): string =>
  predict ? 'record' : model.kind === 'boosting' ? 'round' : 'step'
