import { type Static, Type } from 'typebox'
import { JobId, Timestamp } from './identifiers.js'
import { nullable } from './nullable.js'

const Bytes = (description: string) => Type.Integer({ minimum: 0, description })
const Seconds = (description: string) => Type.Number({ minimum: 0, description })

export const Slot = Type.Object({
  job: nullable(JobId, 'the job that it runs; null if it is free'),
  gpu: nullable(Type.Integer({ minimum: 0 }), 'index of its GPU; null without one'),
  cpuSeconds: Seconds('processor time of its trainers since the worker started'),
  residentBytes: Bytes('memory of its trainer; 0 if it is free'),
})
export type Slot = Static<typeof Slot>

export const Gpu = Type.Object({
  index: Type.Integer({ minimum: 0 }),
  name: Type.String(),
  utilization: nullable(
    Type.Number({ minimum: 0, maximum: 1 }),
    'share of the time in which it computed; null if the card does not say, as with MIG',
  ),
  usedBytes: nullable(Bytes('memory in use by all processes'), 'null if the card does not say'),
  totalBytes: nullable(Bytes('its memory'), 'null if the card does not say'),
})
export type Gpu = Static<typeof Gpu>

/** What a worker reports of itself every few seconds. */
export const Worker = Type.Object({
  id: Type.String({ description: 'unique across hosts and restarts' }),
  host: Type.String({ description: 'name of its machine or container' }),
  pid: Type.Integer({ minimum: 1, description: 'process id on its host' }),
  version: Type.String({ description: 'version of Trainyard' }),
  startedAt: Timestamp,
  draining: Type.Boolean({ description: 'whether it stops: it takes no more jobs' }),
  slots: Type.Array(Slot, { description: 'each runs one job at a time' }),
  memory: Type.Object({
    limitBytes: nullable(
      Bytes('memory that its jobs may take together'),
      'null if there is no limit',
    ),
    reservedBytes: Bytes('memory that its running jobs are estimated to take'),
  }),
  diskProblem: nullable(
    Type.String(),
    'why the data folder takes no writes from this worker; null if it does',
  ),
  gpus: Type.Array(Gpu),
  cpuSeconds: Seconds('processor time of the worker process, without its trainers'),
  residentBytes: Bytes('memory of the worker process, without its trainers'),
  eventLoopDelaySeconds: Seconds('longest hold of its event loop since the report before'),
})
export type Worker = Static<typeof Worker>

export interface WorkerList {
  items: Worker[]
}
