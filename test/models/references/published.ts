import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type ModelRecords, openModelRecords } from '../../../src/models/model-records.js'
import { ModelRegistry } from '../../../src/models/registry.js'
import type { NewModel } from '../../../src/spec/model.js'
import { openFolderStore } from '../../../src/store/folder-store.js'
import type { Store } from '../../../src/store/store.js'
import { tempFolder } from '../../../testing/temp-folder.js'

export interface RecordsOfProcess extends ModelRecords {
  store: Store
  models: ModelRegistry
  root: string
}

/** The records of models as one process has them; without `root`, of a new data folder. */
export async function openRecords(
  t: { after(work: () => Promise<void>): void },
  root?: string,
): Promise<RecordsOfProcess> {
  const folder = root ?? (await tempFolder(t))
  const store = await openFolderStore(folder)
  const models = new ModelRegistry(store)
  const records = openModelRecords({
    store,
    models,
    whenUnused: async () => {},
  })
  return { ...records, store, models, root: folder }
}

let jobs = 0

/** Publishes the next version of a model, as a job does. */
export async function publish(
  { store, models }: Pick<RecordsOfProcess, 'store' | 'models'>,
  name = 'digits',
  metrics: NewModel['metrics'] = { validationAccuracy: 0.9 },
): Promise<number> {
  const staged = await store.stage()
  await mkdir(join(staged, 'saved_model'))
  await writeFile(join(staged, 'saved_model', 'saved_model.pb'), 'graph')
  const { version } = await models.publish(staged, {
    name,
    jobId: `job-${String(++jobs).padStart(26, '0')}`,
    createdAt: '2026-11-24T10:00:00.000Z',
    model: { kind: 'resnet', block: 'plain', blocks: 5, filters: 64, kernel: 3, ratio: 4 },
    dataset: { id: 'ds-0123456789abcdef', name: 'mnist' },
    step: 100,
    input: { height: 28, width: 28, channels: 1, mean: [33], std: [78] },
    labels: ['0', '1'],
    metrics,
  })
  return version
}

export const author = { by: 'key-00000000', reason: null }
