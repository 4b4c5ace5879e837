import type { JobManifest } from '../../src/spec/job.js'
import { describeNeeds, lacks, needsOf, type Offer } from '../../src/spec/needs.js'
import { isNewerVersion, unknownOptions } from '../../src/spec/unknown-options.js'

/**
 * Why this worker does not run a job. `misplaced`: it is in the queue of others, where an older server has put it.
 * `held`: a newer version may run it.
 */
export interface Refusal {
  outcome: 'misplaced' | 'held'
  reason: string
}

/** Whether a job is run by this worker as it was planned, whoever has queued it. */
export function refusalOf(
  manifest: Pick<JobManifest, 'resources' | 'requires' | 'request' | 'plannedBy'>,
  offer: Offer,
): Refusal | null {
  const needs = needsOf(manifest)
  const missing = needs ? lacks(needs, offer) : []
  if (needs && missing.length > 0) {
    const reason = `needs ${describeNeeds(needs)}, and this worker has ${missing.join(', ')}`
    return { outcome: 'misplaced', reason }
  }
  const { plannedBy } = manifest
  if (plannedBy === undefined || !isNewerVersion(plannedBy, offer.version)) return null
  const unknown = unknownOptions(manifest.request)
  if (unknown.length === 0) return null
  const reason = `version ${plannedBy} has planned it with ${unknown.join(' and ')}, which this worker's version ${offer.version} does not know: upgrade the worker`
  return { outcome: 'held', reason }
}
