import { type Static, Type } from 'typebox'
import { Timestamp } from './identifiers.js'

/** One line of a metrics log: what was measured after a step. */
export interface MetricRow {
  step: number
  /** ISO 8601. */
  time: string
  values: Record<string, number>
}

export const MetricPoint = Type.Object({
  step: Type.Integer(),
  value: Type.Number(),
  time: Timestamp,
})
export type MetricPoint = Static<typeof MetricPoint>

export const MetricsPage = Type.Object({
  points: Type.Record(Type.String(), Type.Array(MetricPoint), {
    description: 'by name of the metric, in the order of steps',
  }),
  nextCursor: Type.Union([Type.String(), Type.Null()]),
})
export type MetricsPage = Static<typeof MetricsPage>
