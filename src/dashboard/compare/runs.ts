import { useEffect, useRef, useState } from 'preact/hooks'
import type { Job } from '../../spec/job.js'
import type { JobMetrics } from '../../spec/metrics.js'
import { useChanges } from '../server/changes.js'
import { type Resource, throttled, useResource } from '../server/resource.js'
import { client } from '../server/session.js'

/** What curves and the list of runs need of a job. The server has it at hand, whole jobs take it longer. */
const runFields = 'id,name,status,requested,startedAt,training.stepsPerEpoch'
type RunJob = Pick<Job, 'id' | 'name' | 'status' | 'requested' | 'startedAt'> & {
  training?: { stepsPerEpoch?: number }
}

export interface Run {
  id: string
  /** Null if there is no such job any more. */
  job: RunJob | null
  points: JobMetrics['points']
}

/** A run with its settings and results. */
export interface WholeRun {
  id: string
  job: Job
}

interface Comparison {
  runs: Resource<readonly Run[]>
  /** Whole jobs by id; null unless they are needed. */
  jobs: Resource<ReadonlyMap<string, Job> | null>
}

/** Jobs of one request. */
const jobsAtOnce = 100

/** How often the curves of running jobs are read again. */
const refreshMs = 3000

/** The jobs of a comparison with their curves, kept up to date while they run. */
export function useRuns(ids: readonly string[], needsJobs: boolean): Comparison {
  const jobs = useResource<ReadonlyMap<string, Job> | null>(
    async () => (needsJobs ? await readJobs<Job>(ids) : null),
    [ids.join(), needsJobs],
  )
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
        found => {
          runs.update(before => before.map(run => found.find(({ id }) => id === run.id) ?? run))
          jobs.reload()
        },
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
    () => {
      runs.reload()
      jobs.reload()
    },
  )
  return { runs, jobs }
}

async function readRuns(ids: readonly string[], runCount: number): Promise<Run[]> {
  const [jobs, points] = await Promise.all([
    readJobs<RunJob>(ids, { fields: runFields }),
    readPoints(ids, runCount),
  ])
  return ids.map(id => ({ id, job: jobs.get(id) ?? null, points: points.get(id) ?? {} }))
}

async function readJobs<T extends { id: string }>(
  ids: readonly string[],
  query: { fields?: string } = {},
): Promise<Map<string, T>> {
  const found = new Map<string, T>()
  for (let from = 0; from < ids.length; from += jobsAtOnce) {
    const part = ids.slice(from, from + jobsAtOnce)
    const listed = client.jobs.all({ ...query, id: part.join(','), limit: String(jobsAtOnce) })
    for await (const job of listed as AsyncGenerator<unknown> as AsyncGenerator<T>) {
      found.set(job.id, job)
    }
  }
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
