import { type Static, Type } from 'typebox'

export const ReadinessCheck = Type.Object({
  name: Type.Enum(['disk', 'redis', 'predictor', 'worker']),
  status: Type.Enum(['ok', 'warning', 'starting', 'failed', 'unknown'], {
    description: '`failed` and `starting` make the server not ready; `warning` does not',
  }),
  detail: Type.String({ description: 'what was found' }),
})
export type ReadinessCheck = Static<typeof ReadinessCheck>

/** Whether a check keeps the server from being ready. */
export const isNotReady = ({ status }: Pick<ReadinessCheck, 'status'>): boolean =>
  status === 'failed' || status === 'starting'

/** What a server that is ready has found, part by part. */
export const Readiness = Type.Object({
  status: Type.Enum(['ok', 'degraded'], {
    description: '`degraded` if a check has a warning',
  }),
  checks: Type.Array(ReadinessCheck),
})
export type Readiness = Static<typeof Readiness>
