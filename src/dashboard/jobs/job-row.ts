import type { BestMetrics } from '../../spec/best-metrics.js'
import type { Job } from '../../spec/job.js'

/** A job as the table has it: the fields that its columns show. */
export interface JobRow
  extends Pick<
    Job,
    'id' | 'name' | 'status' | 'requested' | 'phase' | 'attempt' | 'progress' | 'labels'
  > {
  createdAt: string
  startedAt: string | null
  finishedAt: string | null
  model?: Record<string, unknown>
  training?: Record<string, unknown>
  dataset?: { name?: string }
  predict?: { model?: string } | null
  metrics?: Job['metrics']
  best?: BestMetrics
  priority?: number
  failure?: { code?: string } | null
}

/** What each row has, whatever its columns. The server's index has these fields, so lists of them are fast. */
export const rowFields = [
  ...['id', 'name', 'status', 'requested', 'phase', 'attempt', 'progress', 'labels'],
  ...['createdAt', 'startedAt', 'finishedAt', 'model.kind', 'predict.model', 'dataset'],
] as const

/** A job is starred by this label, so all users and scripts see the same stars. */
export const starLabel = 'starred'
export const starValue = 'yes'
export const isStarred = ({ labels }: Pick<JobRow, 'labels'>): boolean =>
  labels[starLabel] === starValue

/** What an object has at a path such as `learningRate.peak`; names of metrics and labels may have dots. */
export function valueAt(object: unknown, path: string): unknown {
  if (typeof object !== 'object' || object === null) return undefined
  const record = object as Record<string, unknown>
  if (Object.hasOwn(record, path)) return record[path]
  const dot = path.indexOf('.')
  return dot < 0 ? undefined : valueAt(record[path.slice(0, dot)], path.slice(dot + 1))
}

/** The paths of all numbers, texts and booleans of an object, such as `learningRate.peak`. */
export function leafPaths(object: object, before = ''): string[] {
  return Object.entries(object).flatMap(([name, value]) => {
    if (value === null || Array.isArray(value)) return []
    return typeof value === 'object' ? leafPaths(value, `${before}${name}.`) : [`${before}${name}`]
  })
}

/** Verbs, and the statuses in which a job takes them. */
export const verbStatuses = {
  pause: ['queued', 'running'],
  resume: ['paused'],
  cancel: ['queued', 'running', 'paused'],
  retry: ['failed', 'cancelled'],
  delete: ['succeeded', 'failed', 'cancelled'],
} as const satisfies Record<string, readonly Job['status'][]>
export type Verb = keyof typeof verbStatuses

export const allows = (verb: Verb, status: Job['status']): boolean =>
  (verbStatuses[verb] as readonly string[]).includes(status)
