import { type Static, Type } from 'typebox'
import { Timestamp } from './identifiers.js'
import { NextCursor } from './paging.js'

/** Values measured after a step: one line of a metrics log. */
export interface MetricRow {
  step: number
  /** ISO 8601. */
  time: string
  values: Record<string, number>
}

/** JSON has no such numbers. These texts are those of protobuf's JSON format; `Number` and Python's `float` parse them. */
const nonFinite = ['NaN', 'Infinity', '-Infinity'] as const

export const MetricValue = Type.Union([Type.Number(), Type.Enum(nonFinite)], {
  description: 'a number, or one of the texts "NaN", "Infinity" and "-Infinity"',
})
export type MetricValue = Static<typeof MetricValue>

/** A row as JSON, in metrics logs and API answers. */
export interface LoggedRow extends Omit<MetricRow, 'values'> {
  values: Record<string, MetricValue>
}

/** Whether a line of a metrics log is a row. Old rows have null in place of NaN. */
export function isLoggedRow(value: unknown): value is LoggedRow {
  const { step, time, values } = Object(value) as Partial<LoggedRow>
  return (
    Number.isSafeInteger(step) &&
    step! >= 0 &&
    typeof time === 'string' &&
    !Number.isNaN(Date.parse(time)) &&
    typeof values === 'object' &&
    values !== null &&
    !Array.isArray(values) &&
    Object.values(values as object).every(isStoredValue)
  )
}

const isStoredValue = (value: unknown): boolean =>
  typeof value === 'number' || value === null || nonFinite.some(text => text === value)

const toMetricValue = (value: number): MetricValue =>
  Number.isFinite(value) ? value : (String(value) as MetricValue)

export const toLoggedRow = ({ values, ...row }: MetricRow): LoggedRow => ({
  ...row,
  values: mapValues(values, toMetricValue),
})

export const fromLoggedRow = ({ values, ...row }: LoggedRow): MetricRow => ({
  ...row,
  values: mapValues(withoutNulls(values), Number),
})

/** The latest value of each metric up to and including `step`. The rows must be in the order of their steps. */
export function metricsAt(rows: readonly MetricRow[], step: number): Record<string, MetricValue> {
  const metrics: Record<string, MetricValue> = {}
  for (const row of rows) if (row.step <= step) Object.assign(metrics, toLoggedRow(row).values)
  return metrics
}

/** Leaves out nulls, which old records have in place of "NaN" and "Infinity". */
export const withoutNulls = (
  metrics: Record<string, MetricValue | null>,
): Record<string, MetricValue> =>
  Object.fromEntries(
    Object.entries(metrics).filter((entry): entry is [string, MetricValue] => entry[1] !== null),
  )

const mapValues = <A, B>(
  values: Record<string, A>,
  transform: (value: A) => B,
): Record<string, B> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, transform(value)]))

export const MetricPoint = Type.Object({
  step: Type.Integer(),
  value: MetricValue,
  time: Timestamp,
})
export type MetricPoint = Static<typeof MetricPoint>

export const MetricsPage = Type.Object({
  points: Type.Record(Type.String(), Type.Array(MetricPoint), {
    description: 'the points of each metric, by its name, in the order of steps',
  }),
  damagedLines: Type.Integer({
    description:
      'lines of the metrics log that are left out because they are damaged; 0 unless a disk or a crash has altered it',
  }),
  nextCursor: NextCursor,
})
export type MetricsPage = Static<typeof MetricsPage>

export const JobMetrics = Type.Object({
  job: Type.String({ description: 'id of the job' }),
  exists: Type.Boolean({ description: 'false if there is no such job: it has no points' }),
  points: MetricsPage.properties.points,
  damagedLines: MetricsPage.properties.damagedLines,
})
export type JobMetrics = Static<typeof JobMetrics>
