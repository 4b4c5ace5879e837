import type { JobManifest } from './job.js'

/**
 * Options that a worker must know to run a job as it was planned. A worker that does not know one of a job's features
 * never gets the job, so versions can run side by side. Add a row with each option that changes what a worker or
 * trainer does, and never remove one.
 */
export const features = {
  resources: job => job.resources !== undefined,
  workers: job => (job.resources?.workers ?? 1) > 1,
  networkWorkers: job => (job.resources?.workers ?? 1) > 1 && job.model.kind !== 'boosting',
  shards: job => (job as { training?: { shards?: number } }).training?.shards !== undefined,
} as const satisfies Readonly<
  Record<string, (job: Pick<JobManifest, 'resources' | 'model'>) => boolean>
>

export const knownFeatures: readonly string[] = Object.keys(features).sort()

/** What a newly planned job requires. It is stored, so that older versions can tell what they do not know. */
export const requiredFeatures = (job: JobManifest): string[] =>
  Object.entries(features)
    .filter(([, isUsed]) => isUsed(job))
    .map(([name]) => name)
    .sort()
