// A job as the index alone shows it: what lists sort and filter by, and what a table of thousands of jobs shows.
import { pathIn } from '../../lists/field-value.js'
import type { Job, JobStatus } from '../../spec/job.js'
import type { JobDocument, JobState } from './job-document.js'
import { etaSeconds, type LiveState } from './live-state.js'

/** Fields that the index has of each job as the record has them. */
const wholeFields = [
  ...['id', 'name', 'status', 'requested', 'phase', 'attempt', 'progress', 'dataset'],
  ...['priority', 'labels', 'createdAt', 'startedAt', 'finishedAt', 'metrics', 'best'],
] as const

/** Fields of which the index has the numbers, texts and booleans. */
const partialFields = ['model', 'training', 'predict']

export interface JobRow extends Pick<Job, (typeof wholeFields)[number]> {
  model: object
  training: object
  predict: object | null
  failure: { code: string } | null
}

/** A row with the tags by which its job is found. */
export interface TaggedRow {
  tags: string[]
  row: JobRow
}

/** Whether the index may have a field such as `progress.step`, of all jobs or of some (see `lacks`). */
export function isIndexed(field: string): boolean {
  const [head, ...rest] = field.split('.')
  if (wholeFields.some(whole => whole === head)) return true
  return rest.length > 0 && (partialFields.includes(head!) || field === 'failure.code')
}

/** Whether only the record of the job has one of the fields: a list, a long text or a large object. */
export const lacks = (row: JobRow, fields: readonly string[]): boolean =>
  fields.some(field => {
    const parts = field.split('.')
    if (!partialFields.includes(parts[0]!)) return false
    const above = parts.slice(2).map((_, i) => pathIn(row, parts.slice(0, i + 2).join('.')))
    return above.includes(null) || typeof pathIn(row, field) === 'object'
  })

/** Reads what `JobIndex.put` wrote. */
export function parseRow(id: string, documentText: string, stateText: string): TaggedRow {
  const [status, state] = parseState(stateText)
  const { tags, revision: _, steps: known, ...fields } = parseDocument(documentText)
  const { step, requested, phase, resumedFrom, startedAt, finishedAt, failure, ...others } = state
  const steps = known ?? (fields.training as { steps: number }).steps
  const fraction = status === 'succeeded' ? 1 : Math.min(1, step / steps)
  const row = {
    id,
    status,
    requested: requested ?? null,
    phase: phase ?? null,
    predict: null,
    ...fields,
    ...others,
    startedAt: startedAt ?? null,
    finishedAt: finishedAt ?? null,
    failure: failure ?? null,
    progress: { step, steps, fraction, etaSeconds: null, resumedFrom: resumedFrom ?? null },
  }
  return { tags, row }
}

/** What the worker of a running job last reported is newer than its state. */
export function applyLiveState(row: JobRow, live: LiveState | null | undefined): void {
  if (live?.attempt !== row.attempt) return
  const { progress } = row
  row.phase = live.phase
  progress.step = Math.max(progress.step, live.step)
  progress.fraction = Math.min(1, progress.step / progress.steps)
  progress.etaSeconds = etaSeconds(live)
  Object.assign(row.metrics, live.details?.metrics)
  if (live.details?.best) row.best = live.details.best
}

/** The text after the revision is JSON. */
export const parseDocument = (text: string): JobDocument =>
  JSON.parse(text.slice(text.indexOf(':') + 1))

const parseState = (text: string): [JobStatus, JobState] => {
  const [version, status] = text.split(':', 2) as [string, JobStatus]
  return [status, JSON.parse(text.slice(version.length + status.length + 2))]
}
