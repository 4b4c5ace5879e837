import { type Static, Type } from 'typebox'
import { hostLabelPattern } from './host-label.js'
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

/** What a job asks of the worker that runs it. */
export const Resources = strictObject(
  {
    gpus: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 64,
        description:
          'GPUs of the worker that the job has for itself; 0 leaves it to the worker, which gives each job one if it has any',
      }),
    ),
    memoryBytes: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 2 ** 50,
        description:
          'memory of the machine that the job takes, if you know better than the estimate; the larger of the two counts',
      }),
    ),
    labels: Type.Optional(
      Type.Array(HostLabel, {
        maxItems: 16,
        uniqueItems: true,
        description: 'labels that the worker must have, all of them',
      }),
    ),
    workers: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: maxWorkers,
        description:
          'processes that train the job together. Of boosting, each has its share of the rows, and another number grows other trees. Of networks, each computes its share of the micro-batches of training.shards, and the number does not change the weights. Default: 1',
      }),
    ),
    devices: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: maxDevices,
        description:
          'devices of each worker that compute the training together, at most: GPUs, or parts of the processor; only for networks. They do not change the weights, which depend on training.shards. Default: 1',
      }),
    ),
  },
  {
    description:
      'what the job needs of a worker. Only workers that have it take the job; until there is one, `waitingFor` says what is missing',
  },
)
export type Resources = Static<typeof Resources>

/** The devices that compute a job's training together, at most. */
export const devicesOf = ({ resources }: { resources?: Resources }): number =>
  resources?.devices ?? 1

/** The number of processes that train a job together. */
export const workersOf = ({ resources }: { resources?: Resources }): number =>
  resources?.workers ?? 1
