import { type Static, Type } from 'typebox'
import { hostLabelPattern } from './host-label.js'
import { nullable } from './nullable.js'
import { strictObject } from './strict-object.js'

/** More ranks than this share hardly any rows of a table that one server holds. */
const maxWorkers = 64

/** What the operator says of a worker's machine (`TRAINYARD_LABELS`), and what a job may ask for. */
export const HostLabel = Type.String({
  pattern: hostLabelPattern.source,
  description: 'such as `ssd` or `zone=a`',
})

/** As many micro-batches as a batch may have (`training.shards`). */
const maxDevices = 64

const fields = {
  gpus: Type.Integer({
    minimum: 0,
    maximum: 64,
    description:
      'GPUs of the worker that the job has for itself; 0 leaves it to the worker, which gives each job one if it has any',
  }),
  memoryBytes: Type.Integer({
    minimum: 1,
    maximum: 2 ** 50,
    description:
      'memory of the machine that the job takes, if you know better than the estimate; the larger of the two counts',
  }),
  labels: Type.Array(HostLabel, {
    maxItems: 16,
    uniqueItems: true,
    description: 'labels that the worker must have, all of them',
  }),
  workers: Type.Integer({
    minimum: 1,
    maximum: maxWorkers,
    description:
      'processes that train the job together. Of boosting, each has its share of the rows, and another number grows other trees. Of networks, each computes its share of the micro-batches of training.shards, and the number does not change the weights. Default: 1',
  }),
  devices: Type.Integer({
    minimum: 1,
    maximum: maxDevices,
    description:
      'devices of each worker that compute the training together, at most: GPUs, or parts of the processor; only for networks. They do not change the weights, which depend on training.shards. Default: 1',
  }),
}

/** What a job asks of the worker that runs it. */
export const Resources = strictObject(
  {
    gpus: Type.Optional(fields.gpus),
    memoryBytes: Type.Optional(fields.memoryBytes),
    labels: Type.Optional(fields.labels),
    workers: Type.Optional(fields.workers),
    devices: Type.Optional(fields.devices),
  },
  {
    description:
      'what the job needs of a worker. Only workers that have it take the job; until there is one, `waitingFor` says what is missing',
  },
)
export type Resources = Static<typeof Resources>

/** Changes of what a job asks for. */
export const ResourceChanges = strictObject(
  {
    gpus: Type.Optional(nullable(fields.gpus)),
    memoryBytes: Type.Optional(nullable(fields.memoryBytes)),
    labels: Type.Optional(nullable(fields.labels)),
    workers: Type.Optional(nullable(fields.workers)),
    devices: Type.Optional(nullable(fields.devices)),
  },
  {
    description:
      'what the job needs from its next attempt on: null takes a need away, and what is not given stays. It can be changed while the job does not run',
  },
)
export type ResourceChanges = Static<typeof ResourceChanges>

/** What a job asks for after changes (RFC 7396); null takes all needs away. */
export function changeResources(
  resources: Resources | undefined,
  changes: ResourceChanges | null,
): Resources {
  const merged = changes === null ? [] : Object.entries({ ...resources, ...changes })
  return Object.fromEntries(merged.filter(([, value]) => value !== null))
}

/** The devices that compute a job's training together, at most. */
export const devicesOf = ({ resources }: { resources?: Resources }): number =>
  resources?.devices ?? 1

/** The number of processes that train a job together. */
export const workersOf = ({ resources }: { resources?: Resources }): number =>
  resources?.workers ?? 1
