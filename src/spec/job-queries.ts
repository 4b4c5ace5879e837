import { type Static, Type } from 'typebox'
import { JobId } from './identifiers.js'
import { InitReport } from './init-from.js'
import { Job, JobStatus } from './job.js'
import { LabelFilter, RequiredLabels } from './labels.js'
import { MemoryEstimate } from './memory-estimate.js'
import { nullable } from './nullable.js'
import { optionalWithDefault } from './optional-with-default.js'
import { ListQuery } from './paging.js'
import { strictObject } from './strict-object.js'
import { DateOrDateTime } from './times.js'
import { Wait } from './wait.js'

const filters = {
  model: Type.Optional(
    Type.String({ maxLength: 63, description: 'kind of the model: resnet, vgg or boosting' }),
  ),
  dataset: Type.Optional(Type.String({ maxLength: 63, description: 'id or name of the data set' })),
  name: Type.Optional(Type.String({ maxLength: 63, description: "beginning of the job's name" })),
  createdAfter: Type.Optional(DateOrDateTime),
  createdBefore: Type.Optional(DateOrDateTime),
}
const Statuses = Type.Array(JobStatus, {
  minItems: 1,
  maxItems: 6,
  description: 'jobs with any of these statuses',
})

const conditions = {
  status: Type.Optional(Statuses),
  label: Type.Optional(
    Type.Array(LabelFilter, { maxItems: 32, description: 'jobs with all of these labels' }),
  ),
  ...filters,
  startedAfter: Type.Optional(DateOrDateTime),
  startedBefore: Type.Optional(DateOrDateTime),
  finishedAfter: Type.Optional(DateOrDateTime),
  finishedBefore: Type.Optional(DateOrDateTime),
}

/** Filters of a list. A job must match all of those that are given. */
export const JobListQuery = strictObject({
  ...ListQuery,
  limit: optionalWithDefault(
    Type.Integer({ minimum: 1, maximum: 10_000, default: 50, description: 'items per page' }),
  ),
  id: Type.Optional(
    Type.Array(JobId, { minItems: 1, maxItems: 100, description: 'the jobs with these ids' }),
  ),
  ...conditions,
})

export const JobFacetsQuery = strictObject({ where: ListQuery.where, ...conditions })

export const waitStatuses = ['queued', 'running', 'paused'] as const

export const JobQuery = strictObject({
  wait: Wait(
    'answer as soon as the job has ended (or has none of the statuses in `while`), and at the latest after this many seconds',
  ),
  while: Type.Optional(
    Type.Array(Type.Enum(waitStatuses), {
      minItems: 1,
      maxItems: 3,
      description:
        'with `wait`: wait while the job has one of these statuses; by default all three. `while=queued` waits for its start',
    }),
  ),
})

export const JobSelection = strictObject(
  { status: Type.Optional(Statuses), labels: Type.Optional(RequiredLabels), ...filters },
  { minProperties: 1 },
)
export type JobSelection = Static<typeof JobSelection>

export const CancelledJobs = Type.Object({
  count: Type.Integer({ description: 'number of jobs in both lists' }),
  cancelled: Type.Array(JobId, { description: 'jobs that were not running: they have ended' }),
  cancelling: Type.Array(JobId, { description: 'running jobs: they end soon' }),
})
export type CancelledJobs = Static<typeof CancelledJobs>

const { model, dataset, training, predict, initFrom, normalization, serving, freeze } =
  Job.properties
const { priority, labels, resources, name, notes } = Job.properties

export const TimeEstimate = Type.Object({
  seconds: nullable(
    Type.Integer({ minimum: 1 }),
    'from the start of the job to its end, without the queue; null if nothing is known',
  ),
  basis: Type.String({ description: 'what it stands on, or why nothing is known, in words' }),
  jobs: Type.Array(JobId, { description: 'the earlier jobs that it stands on' }),
})
export type TimeEstimate = Static<typeof TimeEstimate>

/** The answer to a dry run: the job with all defaults filled in, and its size. */
export const JobPlan = Type.Object({
  dryRun: Type.Literal(true),
  name,
  model,
  dataset,
  training,
  predict,
  initFrom,
  initialized: nullable(
    InitReport,
    'which variables would start from initFrom; null without it, or if its files cannot be read',
  ),
  normalization,
  serving,
  freeze,
  priority,
  labels,
  resources,
  steps: Job.properties.progress.properties.steps,
  stepsPerEpoch: nullable(Type.Integer(), 'null for boosting, and for a prediction'),
  parameters: nullable(
    Type.Integer(),
    'number of trainable parameters; null for boosting, and for a prediction',
  ),
  memory: MemoryEstimate,
  timeEstimate: TimeEstimate,
  notes,
})
export type JobPlan = Static<typeof JobPlan>

export const IdempotencyKey = Type.String({
  minLength: 1,
  maxLength: 255,
  pattern: '^[\\x21-\\x7e]+$',
  description: '1 to 255 visible ASCII characters',
})
