import type { ResourceSample } from '../src/spec/job-resources.js'

/** A sample of a trainer that uses one core, `seconds` after the first attempt of `attemptRecord` starts. */
export const resourceSample = (
  seconds: number,
  values: Partial<ResourceSample> = {},
): ResourceSample => ({
  time: new Date(Date.parse('2026-01-01T00:00:00.000Z') + 1000 * seconds).toISOString(),
  seconds: 5,
  step: seconds,
  measurements: 1,
  cpuCores: 1,
  residentBytes: 1000,
  gpuUtilization: null,
  gpuMemoryBytes: null,
  examplesPerSecond: 100,
  readBytesPerSecond: 0,
  writeBytesPerSecond: 0,
  ...values,
})
