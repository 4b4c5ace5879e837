import { useEffect, useState } from 'preact/hooks'
import { ProblemError } from '../../client/client.js'
import type { JobRequest } from '../../spec/job.js'
import type { JobPlan } from '../../spec/job-queries.js'
import { client, endSessionOf } from '../server/session.js'
import type { Draft } from './request.js'

export interface DryRun {
  /** The job as it would run; the latest one, while the fields have errors. */
  plan: JobPlan | null
  /** What each field lacks, by its pointer. */
  errors: ReadonlyMap<string, string>
  /** What else is wrong. */
  failure: unknown
  isChecking: boolean
  isValid: boolean
}

/** How long nothing is written before the request is checked. */
const pauseMs = 300

/** Has the server check a request whenever it has changed. */
export function useDryRun(draft: Draft): DryRun {
  const [state, setState] = useState<DryRun>({
    plan: null,
    errors: new Map(),
    failure: null,
    isChecking: true,
    isValid: false,
  })
  const text = JSON.stringify(draft)
  useEffect(() => {
    let isLatest = true
    const set = (change: (before: DryRun) => DryRun) => isLatest && setState(change)
    set(before => ({ ...before, isChecking: true, isValid: false }))
    const timer = setTimeout(async () => {
      try {
        const plan = await client.jobs.plan(JSON.parse(text) as JobRequest)
        set(() => ({ plan, errors: new Map(), failure: null, isChecking: false, isValid: true }))
      } catch (error) {
        if (endSessionOf(error)) return
        set(before => ({ ...before, ...explain(error), isChecking: false, isValid: false }))
      }
    }, pauseMs)
    return () => {
      isLatest = false
      clearTimeout(timer)
    }
  }, [text])
  return state
}

function explain(error: unknown): Pick<DryRun, 'errors' | 'failure'> {
  const fields = error instanceof ProblemError ? (error.problem.errors ?? []) : []
  return {
    errors: new Map(fields.map(({ path, message }) => [path, message])),
    failure: error,
  }
}
