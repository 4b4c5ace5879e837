import { type Static, Type } from 'typebox'

export const ReadinessCheck = Type.Object({
  name: Type.Enum(['disk', 'redis', 'predictor', 'worker']),
  status: Type.Enum(['ok', 'warning', 'failed', 'unknown'], {
    description: '`failed` makes the server not ready; `warning` does not',
  }),
  detail: Type.String({ description: 'what was found' }),
})
export type ReadinessCheck = Static<typeof ReadinessCheck>

/** What a server that is ready has found, part by part. */
export const Readiness = Type.Object({
  status: Type.Enum(['ok', 'degraded'], {
    description: '`degraded` if a check has a warning',
  }),
  checks: Type.Array(ReadinessCheck),
})
export type Readiness = Static<typeof Readiness>
