import { type Static, Type } from 'typebox'
import { JobId, Timestamp } from './identifiers.js'
import { nullable } from './nullable.js'
import { HostLabel } from './resources.js'

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

export const workerEngines = Type.Object(
  {
    tensorflow: nullable(Type.String(), 'null if it is not known'),
    xgboost: nullable(Type.String(), 'null if it is not known'),
  },
  { description: 'versions of the libraries that train' },
)

/** What was asked of a worker by `POST /workers/{id}/drain` and `/resume`. */
export const DrainMode = Type.Enum(['move', 'finish'])
export type DrainMode = Static<typeof DrainMode>

const older = 'absent of a worker that is older than it'

/** What a worker reports of itself every few seconds. */
export const Worker = Type.Object({
  id: Type.String({ description: 'unique across hosts and restarts' }),
  host: Type.String({ description: 'name of its machine or container' }),
  pid: Type.Integer({ minimum: 1, description: 'process id on its host' }),
  version: Type.String({ description: 'version of Trainyard' }),
  startedAt: Timestamp,
  draining: Type.Boolean({
    description: 'whether it takes no more jobs, since it stops or was asked to',
  }),
  slots: Type.Array(Slot, { description: 'each runs one job at a time' }),
  memory: Type.Object({
    limitBytes: nullable(
      Bytes('memory that its jobs may take together'),
      'null if there is no limit',
    ),
    reservedBytes: Bytes('memory that its running jobs are estimated to take'),
    totalBytes: Type.Optional(Bytes(`memory of its machine or container; ${older}`)),
  }),
  diskProblem: nullable(
    Type.String(),
    'why the data folder takes no writes from this worker; null if it does',
  ),
  gpus: Type.Array(Gpu),
  cpuSeconds: Seconds('processor time of the worker process, without its trainers'),
  residentBytes: Bytes('memory of the worker process, without its trainers'),
  eventLoopDelaySeconds: Seconds('longest hold of its event loop since the report before'),
  cores: Type.Optional(
    Type.Integer({ minimum: 1, description: `processor cores of its machine; ${older}` }),
  ),
  labels: Type.Optional(
    Type.Array(HostLabel, {
      description: `what its operator says of its machine (TRAINYARD_LABELS); ${older}`,
    }),
  ),
  features: Type.Optional(
    Type.Array(Type.String(), {
      description: `options of jobs that not every version knows, and this one does; ${older}`,
    }),
  ),
  engineGpus: Type.Optional(
    Type.Integer({
      minimum: 0,
      description: `GPUs that each process of a job may have on the machines of Ray, Kubernetes or Slurm (TRAINYARD_RANK_MAX_GPUS); 0 if the worker trains on its own; ${older}`,
    }),
  ),
  gangProblem: Type.Optional(
    nullable(
      Type.String(),
      `why it runs no job with \`resources.workers\` above 1; null if it does; ${older}`,
    ),
  ),
  node: Type.Optional(Type.String({ description: `version of Node; ${older}` })),
  engines: Type.Optional(nullable(workerEngines, `null if they are not set up; ${older}`)),
  store: Type.Optional(
    Type.String({
      description: `the bucket that it uses, or \`data folder\`: all must have the same; ${older}`,
    }),
  ),
  clockOffsetSeconds: Type.Optional(
    nullable(
      Type.Number(),
      `how far its clock is ahead of that of Redis; negative if it is behind, null if it is not known yet; ${older}`,
    ),
  ),
})
export type Worker = Static<typeof Worker>

export interface WorkerList {
  items: Worker[]
}
