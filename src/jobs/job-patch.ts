import type { JobPatch } from '../spec/job.js'
import { maxLabels } from '../spec/labels.js'
import { priorityNotChangeable, tooManyLabels } from './record/errors.js'
import type { EditableFields } from './record/job-edits.js'
import type { JobState } from './record/states.js'

/** Applies a patch (RFC 7396). Throws if the job cannot have the new priority now, or would have too many labels. */
export function applyPatch(
  id: string,
  fields: EditableFields,
  state: JobState,
  { name = fields.name, priority = fields.priority, labels = {} }: JobPatch,
): EditableFields {
  if (priority !== fields.priority && state !== 'queued' && state !== 'paused') {
    throw priorityNotChangeable(id, state)
  }
  const merged = Object.entries({ ...fields.labels, ...labels }).filter(
    (entry): entry is [string, string] => entry[1] !== null,
  )
  if (merged.length > maxLabels) throw tooManyLabels(merged.length)
  return { name, priority, labels: Object.fromEntries(merged) }
}
