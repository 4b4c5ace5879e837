import { useEffect, useState } from 'preact/hooks'
import type { Job } from '../../spec/job.js'
import { throttled } from '../server/resource.js'
import { client } from '../server/session.js'
import { reportError } from '../ui/toast.js'
import type { JobRow } from './job-row.js'

/** Where a job is in the queue, and what it waits for. The index of the list does not have these. */
export type QueuePlace = Pick<Job, 'queue' | 'waitingFor'>

/** Jobs of one answer, and how often they are asked for. */
const mostJobs = 100
const refreshMs = 5000

/** The places of the queued and running jobs among these rows, those in view. Of more than a hundred, the oldest. */
export function useQueuePlaces(rows: readonly JobRow[]): ReadonlyMap<string, QueuePlace> {
  const [places, setPlaces] = useState<ReadonlyMap<string, QueuePlace>>(new Map())
  const ids = rows
    .filter(({ status }) => status === 'queued' || status === 'running')
    .map(({ id }) => id)
    .sort()
  const [first, last] = [ids[0], ids.at(-1)]

  useEffect(() => {
    if (first === undefined || last === undefined) return
    let isOver = false
    const read = throttled(() => {
      if (isOver || document.hidden) return
      client.jobs
        .list({
          ...{ status: 'queued,running', where: `id>=${first},id<=${last}`, sort: 'id' },
          ...{ fields: 'id,queue,waitingFor', limit: String(mostJobs) },
        })
        .then(({ items }) => {
          if (!isOver) setPlaces(new Map(items.map(({ id, ...place }) => [id, place])))
        }, reportError)
    }, 500)
    read()
    const timer = setInterval(read, refreshMs)
    return () => {
      isOver = true
      clearInterval(timer)
    }
  }, [first, last, ids.length])
  return places
}
