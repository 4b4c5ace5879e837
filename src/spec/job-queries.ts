import { type Static, Type } from 'typebox'
import { closed } from './closed.js'
import { JobId } from './identifiers.js'
import { Job, JobStatus } from './job.js'
import { LabelFilter, Labels } from './labels.js'
import { PageQuery } from './paging.js'

const DateOrDateTime = Type.String({
  pattern:
    '^\\d{4}-(0[1-9]|1[0-2])-([0-2]\\d|3[01])(T[0-2]\\d:[0-5]\\d(:[0-5]\\d(\\.\\d+)?)?(Z|[+-][0-2]\\d:[0-5]\\d))?$',
  description: 'an ISO 8601 date, or date and time with its zone',
})

const filters = {
  model: Type.Optional(Type.String({ maxLength: 63, description: "the model's kind" })),
  dataset: Type.Optional(Type.String({ maxLength: 63, description: 'its id or name' })),
  name: Type.Optional(Type.String({ maxLength: 63, description: 'how it begins' })),
  createdAfter: Type.Optional(DateOrDateTime),
  createdBefore: Type.Optional(DateOrDateTime),
}
const Statuses = Type.Array(JobStatus, { minItems: 1, maxItems: 6, description: 'one of them' })

export const JobListQuery = closed({
  ...PageQuery,
  status: Type.Optional(Statuses),
  label: Type.Optional(Type.Array(LabelFilter, { maxItems: 32, description: 'all of them' })),
  ...filters,
})

export const JobSelection = closed(
  { status: Type.Optional(Statuses), labels: Type.Optional(Labels), ...filters },
  { minProperties: 1 },
)
export type JobSelection = Static<typeof JobSelection>

export const CancelledJobs = Type.Object({
  count: Type.Integer(),
  cancelled: Type.Array(JobId, { description: 'they waited, and have ended' }),
  cancelling: Type.Array(JobId, { description: 'they run, and end within seconds' }),
})
export type CancelledJobs = Static<typeof CancelledJobs>

const { model, dataset, training, initFrom, freeze, priority, labels, name } = Job.properties

/** What a job would be. */
export const JobPlan = Type.Object({
  dryRun: Type.Literal(true),
  name,
  model,
  dataset,
  training,
  initFrom,
  freeze,
  priority,
  labels,
  steps: Type.Integer(),
  stepsPerEpoch: Type.Union([Type.Integer(), Type.Null()], { description: 'null of boosting' }),
  parameters: Type.Union([Type.Integer(), Type.Null()], {
    description: 'how many numbers training adjusts; null of boosting',
  }),
  memory: Type.Object(
    {
      engineBytes: Type.Integer({ description: 'of a trainer before its first job, on a CPU' }),
      stateBytes: Type.Integer({
        description:
          'weights, what the optimiser keeps of each, averages, and records that stay in memory',
      }),
      stepBytes: Type.Integer({
        description: 'activations, gradients and the batch, at their most',
      }),
      totalBytes: Type.Integer(),
    },
    { description: 'an estimate from the graph, or the size of the table; nothing was run' },
  ),
})
export type JobPlan = Static<typeof JobPlan>

export const IdempotencyKey = Type.String({
  minLength: 1,
  maxLength: 255,
  pattern: '^[\\x21-\\x7e]+$',
  description: '1 to 255 visible ASCII characters',
})
