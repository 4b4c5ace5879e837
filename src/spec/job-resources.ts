import { type Static, Type } from 'typebox'
import { Timestamp } from './identifiers.js'
import { nullable } from './nullable.js'

const Amount = Type.Number({ minimum: 0 })
const Whole = Type.Integer({ minimum: 0 })

/**
 * What the trainer of a job used since the sample before: one line of a resource log. Null: not measured, as CPU
 * and memory without /proc, or the GPU on a machine without one.
 */
export const ResourceSample = Type.Object({
  time: Timestamp,
  seconds: Amount,
  step: Whole,
  measurements: Type.Integer({ minimum: 1 }),
  cpuCores: nullable(Amount),
  residentBytes: nullable(Whole),
  gpuUtilization: nullable(Amount),
  gpuMemoryBytes: nullable(Whole),
  examplesPerSecond: nullable(Amount),
  readBytesPerSecond: nullable(Amount),
  writeBytesPerSecond: nullable(Amount),
})
export type ResourceSample = Static<typeof ResourceSample>

/** Means over the time that a sample covers. */
export const resourceRates = [
  'cpuCores',
  'gpuUtilization',
  'examplesPerSecond',
  'readBytesPerSecond',
  'writeBytesPerSecond',
] as const
/** Amounts at a moment, of which a sample has the largest. */
export const resourceLevels = ['residentBytes', 'gpuMemoryBytes'] as const

const isAmount = (value: unknown) => Number.isFinite(value) && (value as number) >= 0

export function isResourceSample(value: unknown): value is ResourceSample {
  const { time, seconds, step, measurements, ...values } = Object(value) as ResourceSample
  return (
    typeof time === 'string' &&
    !Number.isNaN(Date.parse(time)) &&
    isAmount(seconds) &&
    Number.isSafeInteger(step) &&
    Number.isSafeInteger(measurements) &&
    [...resourceRates, ...resourceLevels].every(
      name => values[name] === null || isAmount(values[name]),
    )
  )
}

const column = (description: string) => Type.Array(nullable(Amount), { description })

export const ResourceColumns = Type.Object({
  time: Type.Array(Timestamp, { description: 'end of the time that the point covers' }),
  seconds: Type.Array(Amount, {
    description:
      'how long it covers; more than a few seconds if it is the mean of several measurements',
  }),
  attempt: Type.Array(Type.Integer({ minimum: 1 }), {
    description: 'number of the attempt; of the last one if a point covers several',
  }),
  step: Type.Array(Whole, { description: 'the last step that was done' }),
  cpuCores: column('processor cores that the trainer used; null without /proc'),
  residentBytes: column('memory of the trainer that is not swapped out; null without /proc'),
  gpuUtilization: column(
    "share of the time in which the job's GPU computed, for all processes, 0 to 1; measured every ten seconds; null without a GPU, or if the card does not say",
  ),
  gpuMemoryBytes: column(
    "memory of the job's GPU in use by all processes; null without a GPU, or if the card does not say",
  ),
  examplesPerSecond: column(
    'images or rows per second, as the metrics have it; null until the first measurement of the attempt, and while the job does not train or predict',
  ),
  readBytesPerSecond: column(
    'what the trainer read from a disk; null if the system does not say. What the system had in memory does not count',
  ),
  writeBytesPerSecond: column('what the trainer wrote to a disk; null if the system does not say'),
})
export type ResourceColumns = Static<typeof ResourceColumns>

export const JobResources = Type.Object({
  columns: ResourceColumns,
  measurements: Type.Integer({
    description:
      'how many measurements the points stand for. If there are fewer points, each has the means of several, and the largest memory',
  }),
  damagedLines: Type.Integer({ description: 'lines of the log that are left out' }),
})
export type JobResources = Static<typeof JobResources>
