import { type Static, Type } from 'typebox'
import { strictObject } from './strict-object.js'

/** More ranks than this share hardly any rows of a table that one server holds. */
const maxWorkers = 64

/** What a job asks of the worker that runs it. */
export const Resources = strictObject(
  {
    workers: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: maxWorkers,
        description:
          'processes that train the job together, each on its share of the rows; only for boosting. Part of the plan: another number grows other trees. Default: 1',
      }),
    ),
  },
  {
    description:
      'what the job needs of a worker. Only workers that have it take the job; until there is one, `waitingFor` says what is missing',
  },
)
export type Resources = Static<typeof Resources>

/** The number of processes that train a job together. */
export const workersOf = ({ resources }: { resources?: Resources }): number =>
  resources?.workers ?? 1
