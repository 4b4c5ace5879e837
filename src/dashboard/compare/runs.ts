import { useEffect, useRef, useState } from 'preact/hooks'
import { ProblemError } from '../../client/client.js'
import type { Job } from '../../spec/job.js'
import type { JobMetrics } from '../../spec/metrics.js'
import { useChanges } from '../server/changes.js'
import { type Resource, throttled, useResource } from '../server/resource.js'
import { client } from '../server/session.js'

export interface Run {
  id: string
  /** Null if there is no such job any more. */
  job: Job | null
  points: JobMetrics['points']
}

/** Requests at a time; a browser has six connections, one of which is the stream of changes. */
const requestsAtOnce = 4

/** Jobs of one request for metrics. */
const jobsAtOnce = 100

/** How often the curves of running jobs are read again. */
const refreshMs = 3000

/** The jobs of a comparison with their curves, kept up to date while they run. */
export function useRuns(ids: readonly string[]): Resource<readonly Run[]> {
  const runs = useResource<readonly Run[]>(() => readRuns(ids, ids.length), [ids.join()])
  const changed = useRef(new Set<string>())
  const isShown = useRef(true)
  useEffect(
    () => () => {
      isShown.current = false
    },
    [],
  )
  const [readChanged] = useState(() =>
    throttled(() => {
      const again = [...changed.current]
      changed.current.clear()
      if (again.length === 0 || !isShown.current) return
      readRuns(again, ids.length).then(
        found =>
          runs.update(before => before.map(run => found.find(({ id }) => id === run.id) ?? run)),
        // the next change tries again
        () => {},
      )
    }, refreshMs),
  )
  useChanges(
    ['job'],
    ({ data }) => {
      const { id } = data as { id?: string }
      if (id === undefined || !ids.includes(id)) return
      changed.current.add(id)
      readChanged()
    },
    runs.reload,
  )
  return runs
}

async function readRuns(ids: readonly string[], runCount: number): Promise<Run[]> {
  const [jobs, points] = await Promise.all([readJobs(ids), readPoints(ids, runCount)])
  return ids.map(id => ({ id, job: jobs.get(id) ?? null, points: points.get(id) ?? {} }))
}

async function readJobs(ids: readonly string[]): Promise<Map<string, Job>> {
  const found = new Map<string, Job>()
  const left = [...ids]
  async function readNext(): Promise<void> {
    for (let id = left.shift(); id !== undefined; id = left.shift()) {
      try {
        found.set(id, await client.jobs.get(id))
      } catch (error) {
        if (!(error instanceof ProblemError) || ![400, 404].includes(error.problem.status)) {
          throw error
        }
      }
    }
  }
  await Promise.all(Array.from({ length: requestsAtOnce }, readNext))
  return found
}

async function readPoints(
  ids: readonly string[],
  runCount: number,
): Promise<Map<string, JobMetrics['points']>> {
  const found = new Map<string, JobMetrics['points']>()
  // more runs, fewer points: together they fill the same pixels
  const maxPoints = String(runCount <= 10 ? 500 : runCount <= 50 ? 200 : 100)
  for (let from = 0; from < ids.length; from += jobsAtOnce) {
    const part = ids.slice(from, from + jobsAtOnce)
    let cursor: string | null = null
    do {
      const page: { items: JobMetrics[]; nextCursor: string | null } =
        await client.jobs.compareMetrics(part, { maxPoints, ...(cursor !== null && { cursor }) })
      for (const { job, points } of page.items) found.set(job, points)
      cursor = page.nextCursor
    } while (cursor !== null)
  }
  return found
}
