import type { Datasets } from '../datasets/datasets.js'
import { isDamaged, isMissing } from '../errors.js'
import type { WatchedStore } from '../jobs/changes/resource-watch.js'
import { modelMember } from '../jobs/queue/change-log.js'
import type { ModelRegistry } from '../models/registry.js'
import type { ResourceKind } from '../spec/changes.js'
import type { WeightsStore } from '../weights/weights-store.js'

export interface WatchedParts {
  datasets: Pick<Datasets, 'ids' | 'get'>
  models: Pick<ModelRegistry, 'allVersions' | 'get'>
  weights: Pick<WeightsStore, 'ids' | 'get'>
}

/** What the stream of changes watches beside the jobs. */
export const watchedStores = ({
  datasets,
  models,
  weights,
}: WatchedParts): Record<ResourceKind, WatchedStore> => ({
  dataset: namedThings(datasets),
  weights: namedThings(weights),
  model: {
    members: async () =>
      (await models.allVersions()).map(({ name, version }) => modelMember(name, version)),
    describe: member => {
      const [id, text] = member.split('/') as [string, string]
      const version = Number(text)
      return describe(
        () => models.get(id, version),
        { id, version, job: null },
        ({ jobId }) => ({ id, version, job: jobId }),
      )
    },
  },
})

interface NamedThings {
  ids(): Promise<string[]>
  get(id: string): Promise<{ id: string; name: string }>
}

const namedThings = (store: NamedThings): WatchedStore => ({
  members: () => store.ids(),
  describe: id =>
    describe(
      () => store.get(id),
      { id, name: null },
      ({ name }) => ({ id, name }),
    ),
})

/** A damaged thing exists, but cannot be read. */
async function describe<T>(
  read: () => Promise<T>,
  unreadable: object,
  toData: (found: T) => { id: string; job?: string },
) {
  try {
    const data = toData(await read())
    return { job: data.job ?? '', data }
  } catch (error) {
    if (isMissing(error)) return null
    if (isDamaged(error)) return { job: '', data: unreadable }
    throw error
  }
}
