import { type Static, type TSchema, Type } from 'typebox'
import { DatasetId, JobId, Name, Timestamp } from './identifiers.js'
import { DatasetRef, Failure, Job, JobStatus, ModelRef, Phase } from './job.js'
import { AliasChange } from './model-alias.js'
import { nullable } from './nullable.js'
import { strictObject } from './strict-object.js'
import { Wait } from './wait.js'
import { jobEvents, type ModelEvent, modelEvents } from './webhook.js'

export const resourceKinds = ['dataset', 'model', 'weights'] as const
export type ResourceKind = (typeof resourceKinds)[number]

const jobChanges = [...jobEvents, 'job.changed', 'job.deleted'] as const
export type JobChangeType = (typeof jobChanges)[number]

const resourceChanges = [
  ...(['dataset.created', 'dataset.deleted', 'model.created', 'model.deleted'] as const),
  ...(['weights.created', 'weights.deleted'] as const),
] as const

/** Sent by the stream itself, whatever the filter. */
const streamChanges = ['stream.open', 'stream.reset'] as const

export type ChangeType =
  | JobChangeType
  | (typeof resourceChanges)[number]
  | ModelEvent
  | (typeof streamChanges)[number]
  | 'job.progress'

/** What clients can ask for: a type, or all types of a kind of thing. */
export const changeFilters = [
  ...(['job', 'dataset', 'model', 'weights'] as const),
  ...jobChanges,
  'job.progress',
  ...resourceChanges,
  ...modelEvents,
] as const

const ChangeId = Type.String({
  description: 'where this event is in the stream; the next ones come after it',
})

const change = <const Types extends readonly string[], T extends TSchema>(
  types: Types,
  data: T,
  description: string,
) =>
  Type.Object(
    {
      id: ChangeId,
      type: Type.Unsafe<Types[number]>(Type.Enum([...types])),
      timestamp: Timestamp,
      data,
    },
    { description },
  )

export const JobChange = change(
  jobChanges,
  Type.Object({
    id: JobId,
    name: nullable(Name, 'null if it is not known'),
    status: nullable(JobStatus, 'null of a deleted job'),
    attempt: Type.Optional(Job.properties.attempt),
    requested: Type.Optional(Job.properties.requested),
    failure: Type.Optional(nullable(Failure)),
    model: Type.Optional(nullable(ModelRef, 'the model that the job has published')),
    dataset: Type.Optional({
      ...DatasetRef,
      description: 'the data set of predictions that it made',
    }),
  }),
  'a job has another status, was changed or asked to do something, or was deleted',
)

export const ProgressChange = Type.Object(
  {
    type: Type.Literal('job.progress'),
    timestamp: Timestamp,
    data: Type.Object({
      id: JobId,
      attempt: Job.properties.attempt,
      phase: Phase,
      progress: Job.properties.progress,
      metrics: Job.properties.metrics,
      best: Job.properties.best,
    }),
  },
  {
    description:
      'how far a running job is, at most once a second; only in the stream, without an id, and never sent again',
  },
)

export const DatasetChange = change(
  ['dataset.created', 'dataset.deleted'],
  Type.Object({ id: DatasetId, name: nullable(Name, 'null if it cannot be read') }),
  'a data set was uploaded or made by the server, or was deleted',
)

export const ModelChange = change(
  ['model.created', 'model.deleted'],
  Type.Object({
    id: Name,
    version: Type.Integer(),
    job: nullable(JobId, 'the job that trained it; null if it cannot be read'),
  }),
  'a version of a model was published or deleted',
)

export const ModelAliasChange = change(
  modelEvents,
  Type.Object({ model: Name, ...AliasChange.properties }),
  'an alias of a model names another version, or was deleted',
)

export const WeightsChange = change(
  ['weights.created', 'weights.deleted'],
  Type.Object({ id: Type.String(), name: nullable(Type.String(), 'null if it cannot be read') }),
  'weights were uploaded or deleted',
)

export const StreamChange = change(
  streamChanges,
  Type.Object({ message: Type.String({ description: 'what it means, and what to do' }) }),
  'stream.open: all later changes will be sent. stream.reset: changes were lost; read the lists again',
)

/** One change, as the stream sends it in `data`. */
export const ChangeEvent = Type.Union([
  JobChange,
  ProgressChange,
  DatasetChange,
  ModelChange,
  ModelAliasChange,
  WeightsChange,
  StreamChange,
])
export type ChangeEvent = Static<typeof ChangeEvent>

export const ChangesPage = Type.Object({
  events: Type.Array(ChangeEvent, { description: 'oldest first' }),
  lastEventId: Type.String({ description: 'send it as `after` to get the events after these' }),
})
export type ChangesPage = Static<typeof ChangesPage>

const changeId = String.raw`\d{1,15}-\d{1,15}-[0-9a-f]{8}`

export const ChangesQuery = strictObject({
  after: Type.Optional(
    Type.String({
      pattern: `^(start|${changeId})$`,
      description:
        'begin after the event with this id, or with the oldest that is kept (`start`); by default, with what happens from now on. A Last-Event-ID header takes precedence',
    }),
  ),
  types: Type.Optional(
    Type.Array(Type.Enum(changeFilters), {
      minItems: 1,
      maxItems: changeFilters.length,
      description:
        'only events of these types, such as job.failed, or of these things, such as job',
    }),
  ),
  jobs: Type.Optional(
    Type.Array(JobId, {
      minItems: 1,
      maxItems: 100,
      description: 'only events of these jobs, and of the models that they publish',
    }),
  ),
  wait: Wait(
    'for JSON: if there are no events yet, answer as soon as there are, and at the latest after this many seconds',
  ),
  limit: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 1000, description: 'for JSON: events in an answer; 100' }),
  ),
  format: Type.Optional(
    Type.Enum(['stream', 'json'], { description: 'overrides the Accept header' }),
  ),
})
