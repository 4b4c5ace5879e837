import { type Static, Type } from 'typebox'
import { JobId } from './identifiers.js'
import { Job, JobStatus } from './job.js'
import { JobSelection } from './job-queries.js'
import { nullable } from './nullable.js'
import type { Problem } from './problem.js'
import { strictObject } from './strict-object.js'

export const jobVerbs = ['pause', 'resume', 'cancel', 'retry', 'delete'] as const
/** What clients do with jobs; `delete` removes those that have ended. */
export type JobVerb = (typeof jobVerbs)[number]

/** Jobs in one request. */
export const maxJobsAtOnce = 1000

export const JobsAction = strictObject({
  action: Type.Enum(jobVerbs),
  ids: Type.Optional(
    Type.Array(JobId, { minItems: 1, maxItems: maxJobsAtOnce, description: 'these jobs' }),
  ),
  selection: Type.Optional({
    ...JobSelection,
    description:
      'the jobs that match; without `status`, those that the action changes, such as paused jobs for resume',
  }),
})
export type JobsAction = Static<typeof JobsAction>

export const JobOutcome = Type.Object({
  id: JobId,
  status: nullable(
    JobStatus,
    'status after the action; null if the job was deleted, and with a problem',
  ),
  requested: Job.properties.requested,
  problem: nullable(
    Type.Unsafe<Problem>({ $ref: 'Problem#' }),
    'why the job was not changed, as the request for it alone would answer; null if it was',
  ),
})
export type JobOutcome = Static<typeof JobOutcome>

export const JobOutcomes = Type.Object({
  items: Type.Array(JobOutcome, {
    description: 'one for each job, in the order of `ids`, or newest first',
  }),
  succeeded: Type.Integer({ description: 'jobs without a problem' }),
  failed: Type.Integer({ description: 'jobs with a problem, which did not change' }),
  more: Type.Boolean({
    description: `whether the selection matches more jobs than the ${maxJobsAtOnce} of one request`,
  }),
})
export type JobOutcomes = Static<typeof JobOutcomes>
