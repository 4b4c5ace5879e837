import { type TSchema, Type } from 'typebox'
import { ChangeEvent } from './changes.js'
import type { DatasetImport } from './dataset-import.js'
import { Job } from './job.js'
import { LogLine } from './job-log.js'
import { MetricValue } from './metrics.js'

/**
 * A server-sent event as OpenAPI describes one: `data` is a text whose JSON has the schema `content`.
 * See https://spec.openapis.org/oas/v3.2.0.html#special-considerations-for-server-sent-events
 */
export const streamEvent = <T extends TSchema>(event: TSchema, content: T, description: string) =>
  Type.Object(
    {
      event,
      id: Type.Optional(
        Type.String({ description: 'a client that reconnects sends it as Last-Event-ID' }),
      ),
      data: Type.Unsafe<string>({
        type: 'string',
        contentMediaType: 'application/json',
        contentSchema: content,
      }),
    },
    { description },
  )

const metricValues = Type.Record(Type.String(), MetricValue, { description: 'by metric' })

export const MetricsRow = Type.Object({
  step: Type.Integer(),
  time: Type.String({ format: 'date-time' }),
  values: metricValues,
})

export const ProgressUpdate = Type.Object({
  ...Job.properties.progress.properties,
  metrics: metricValues,
  best: Job.properties.best,
})

export const JobEvent = streamEvent(
  Type.Enum(['job']),
  Type.Unsafe<Job>({ $ref: 'Job#' }),
  'the job: its state has changed',
)
export const ProgressEvent = streamEvent(
  Type.Enum(['progress']),
  ProgressUpdate,
  'the progress of the job',
)
export const MetricsEvent = streamEvent(
  Type.Enum(['metrics']),
  MetricsRow,
  'the values of one step',
)
export const LogEvent = streamEvent(Type.Enum(['log']), LogLine, 'one line of the log')
export const ChangeStreamEvent = streamEvent(
  Type.String({ description: "the event's type" }),
  ChangeEvent,
  'a change',
)
export const ImportEvent = streamEvent(
  Type.Enum(['import']),
  Type.Unsafe<DatasetImport>({ $ref: 'DatasetImport#' }),
  'the import: its status or its progress has changed',
)
