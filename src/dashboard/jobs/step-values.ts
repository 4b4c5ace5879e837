import { useCallback, useEffect, useReducer, useRef } from 'preact/hooks'
import type { MetricPoint } from '../../spec/metrics.js'
import { client } from '../server/session.js'
import { reportError } from '../ui/toast.js'
import type { JobRow } from './job-row.js'

/** Jobs of one request. */
const mostJobs = 100

/** While rows scroll by, nothing is asked for. */
const restMs = 150

/** The points of columns such as `at.loss.500`, by the column and the job. Null for a job without one. */
export type StepValues = (column: string, row: JobRow) => MetricPoint | null | undefined

/** The parts of the id of a column `at.loss.500`. */
export function stepColumn(id: string): { metric: string; step: number } | null {
  const parts = /^at\.(.+)\.(\d+)$/.exec(id)
  return parts && { metric: parts[1]!, step: Number(parts[2]) }
}

/** A job that still trains has no value at a step that it has not reached. */
const isReached = ({ status, progress }: JobRow, step: number) =>
  progress.step >= step || ['succeeded', 'failed', 'cancelled'].includes(status)

const keyOf = (column: string, row: JobRow) => `${column} ${row.id} ${row.attempt}`

/** Reads the values at steps of the rows in view. A value stays what it is, unless a job is retried. */
export function useStepValues(rows: readonly JobRow[], columns: readonly string[]): StepValues {
  const [version, redraw] = useReducer((count: number) => count + 1, 0)
  const known = useRef(new Map<string, MetricPoint | null>())
  const missing = columns.flatMap(column => {
    const parts = stepColumn(column)
    if (!parts) return []
    const needed = rows.filter(
      row => isReached(row, parts.step) && !known.current.has(keyOf(column, row)),
    )
    return needed.length > 0 ? [{ column, ...parts, rows: needed.slice(0, mostJobs) }] : []
  })
  useEffect(() => {
    if (missing.length === 0) return
    const timer = setTimeout(() => {
      for (const { column, metric, step, rows: asked } of missing) {
        const query = { names: metric, toStep: String(step), maxPoints: '10' }
        client.jobs
          .compareMetrics(
            asked.map(({ id }) => id),
            query,
          )
          .then(({ items }) => {
            for (const { job, points } of items) {
              const row = asked.find(({ id }) => id === job)!
              known.current.set(keyOf(column, row), points[metric]?.at(-1) ?? null)
            }
            redraw(undefined)
          }, reportError)
      }
    }, restMs)
    return () => clearTimeout(timer)
  }, [missing.map(each => each.rows.map(row => keyOf(each.column, row)).join()).join()])
  // another function only after other values came
  return useCallback((column, row) => known.current.get(keyOf(column, row)), [version])
}
