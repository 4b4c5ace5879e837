import { isDeepStrictEqual } from 'node:util'
import { isBoosting, type JobManifest, type JobPatch } from '../spec/job.js'
import { maxLabels } from '../spec/labels.js'
import { changeResources, type Resources, workersOf } from '../spec/resources.js'
import {
  priorityNotChangeable,
  resourcesNotChangeable,
  tooManyLabels,
  treesHaveWorkers,
} from './record/errors.js'
import { type EditableFields, placingOf } from './record/job-edits.js'
import type { Lifecycle } from './record/lifecycle.js'
import type { JobState } from './record/states.js'

/** What a patch is applied to, and what plans new resources of it. */
export interface PatchedJob {
  manifest: JobManifest
  lifecycle: Pick<Lifecycle, 'state' | 'attempt'>
  /** Throws if the job cannot have them. */
  planResources(job: JobManifest, resources: Resources): Promise<JobManifest>
}

/** States in which no attempt runs, and one may follow. */
const waits: ReadonlySet<JobState> = new Set(['queued', 'paused', 'failed', 'cancelled'])

/** Applies a patch (RFC 7396). Throws if a part of it cannot be applied now, or would leave the job with too many labels. */
export async function applyPatch(
  fields: EditableFields,
  { manifest, lifecycle, planResources }: PatchedJob,
  { name = fields.name, priority = fields.priority, labels = {}, resources }: JobPatch,
): Promise<EditableFields> {
  const { id } = manifest
  const { state, attempt } = lifecycle
  if (priority !== fields.priority && state !== 'queued' && state !== 'paused') {
    throw priorityNotChangeable(id, state)
  }
  const merged = Object.entries({ ...fields.labels, ...labels }).filter(
    (entry): entry is [string, string] => entry[1] !== null,
  )
  if (merged.length > maxLabels) throw tooManyLabels(merged.length)
  const changed = { name, priority, labels: Object.fromEntries(merged) }
  if (resources === undefined) return { ...changed, placing: fields.placing }
  const planned = await planResources(manifest, changeResources(manifest.resources, resources))
  if (isDeepStrictEqual(planned.resources, manifest.resources)) {
    return { ...changed, placing: fields.placing }
  }
  if (!waits.has(state)) throw resourcesNotChangeable(id, state)
  const workers = workersOf(planned)
  if (isBoosting(planned) && attempt > 0 && workers !== workersOf(manifest)) {
    throw treesHaveWorkers(id, workersOf(manifest), workers)
  }
  return { ...changed, placing: placingOf(planned) }
}
