import { join } from 'node:path'
import type { Logger } from 'pino'
import { Datasets } from '../datasets/datasets.js'
import { Exports } from '../datasets/exports/exports.js'
import { Imports } from '../datasets/imports/imports.js'
import { Previews } from '../datasets/preview/previews.js'
import { parseFetchRules } from '../datasets/sources/fetch-rules.js'
import { type SourceSettings, Sources } from '../datasets/sources/sources.js'
import { UploadFolder } from '../datasets/sources/upload-folder.js'
import { ModelExports } from '../exports/model-exports.js'
import { KeptChild } from '../ipc/kept-child.js'
import { Changes } from '../jobs/changes/changes.js'
import { CheckpointRetention } from '../jobs/checkpoint-retention.js'
import { Jobs } from '../jobs/jobs.js'
import { modelMember } from '../jobs/queue/change-log.js'
import type { RedisConfig } from '../jobs/queue/redis.js'
import { type ModelRecords, openModelRecords } from '../models/model-records.js'
import { ModelRegistry, modelKey } from '../models/registry.js'
import type { AllowedNetworks } from '../net/addresses.js'
import { scriptPath } from '../places.js'
import { openPlanner } from '../planning/dry-run-process.js'
import { CheckpointModels } from '../serving/checkpoints/checkpoint-models.js'
import { type Explainer, openExplainer } from '../serving/explainer.js'
import { KeptModels } from '../serving/kept-models.js'
import { openPool } from '../serving/pool/open-pool.js'
import type { PredictorPool } from '../serving/pool/pool.js'
import { openRowPredictor, type RowPredictor } from '../serving/predictor-client.js'
import { SmallBatches } from '../serving/small-batches.js'
import { PredictionStatistics } from '../serving/statistics.js'
import { TrafficRouter } from '../serving/traffic/traffic-router.js'
import { TreeCache } from '../serving/tree-cache.js'
import { VersionUse } from '../serving/version-use.js'
import type { CheckpointContract, CheckpointExportTask } from '../spec/ipc-messages.js'
import { DamageRegistry } from '../store/damage-registry.js'
import { DiskSpace } from '../store/disk-space.js'
import { diskWithFailpoints } from '../store/failpoints.js'
import { openStore, type StoreSettings } from '../store/open-store.js'
import type { Store } from '../store/store.js'
import { version } from '../version.js'
import { ModelWatch } from '../watching/model-watch.js'
import { readReference } from '../watching/reference.js'
import { Webhooks, type WebhooksDeps } from '../webhooks/webhooks.js'
import { readTensors } from '../weights/read-tensors.js'
import { WeightsStore } from '../weights/weights-store.js'
import { DamageScan } from './damage-scan.js'
import { type ApiKeys, ensureApiKey, ensureSecret, loadApiKeys } from './http/api-keys.js'
import { readKeyFile } from './http/key-file.js'
import { watchedStores } from './watched-stores.js'

export interface Parts {
  dataFolder: string
  store: Store
  disk: DiskSpace
  jobs: Jobs
  datasets: Datasets
  previews: Previews
  exports: Exports
  modelExports: ModelExports
  imports: Imports
  sources: Sources
  models: ModelRegistry
  modelRecords: ModelRecords
  router: TrafficRouter
  versionUse: VersionUse
  checkpoints: CheckpointModels
  weights: WeightsStore
  predictor: PredictorPool
  statistics: PredictionStatistics
  watch: ModelWatch
  rowPredictor: RowPredictor
  explainer: Explainer
  webhooks: Webhooks
  changes: Changes
  keys: ApiKeys
  damage: DamageRegistry
  retention: CheckpointRetention
}

export interface PartsConfig extends Partial<StoreSettings> {
  dataFolder: string
  redis: RedisConfig
  /** Networks that webhooks may call. */
  webhooks: AllowedNetworks
  /** Folders whose files clients may make data sets of; none by default. */
  dataRoots?: readonly string[]
  /** What data sets may be fetched from beside public addresses. */
  fetchAllow?: readonly string[]
  /** A key to accept besides those in the data folder. */
  key: string | null
  /** A file with further keys to accept, one on each line. */
  keyFile?: string | null
  /** How many days a job keeps its checkpoints after it has ended; null: for ever. */
  checkpointDays?: number | null
  predictors?: number | null
  predictorThreads?: number | null
  predictorMemoryBytes?: number | null
  predictionWaitMs?: number
  pinnedModels?: readonly string[]
  /** Control file of the failpoints (store/failpoints.ts). */
  failpoints: string | null
  childEnvironment: NodeJS.ProcessEnv
}

/** What tests replace. */
export interface PartsOverrides {
  predictorScript?: string
  webhookTiming?: NonNullable<WebhooksDeps['timing']>
  fetchTiming?: NonNullable<SourceSettings['timing']>
}

/** Opens everything that the API serves. `close` stops the parts in reverse order of dependence. */
export async function openParts(
  config: PartsConfig,
  log: Logger,
  overrides: PartsOverrides = {},
): Promise<{ parts: Parts; close(): Promise<void> }> {
  const { dataFolder, redis } = config
  const env = { ...config.childEnvironment, TRAINYARD_DATA: dataFolder }
  const files = diskWithFailpoints(config.failpoints, 'api')
  const s3 = config.s3 ?? { endpoint: null, region: 'us-east-1' }
  const { store: bucket = null, storeCacheBytes = null } = config
  const store = await openStore({ dataFolder, store: bucket, storeCacheBytes, s3 }, { disk: files })
  const disk = new DiskSpace(dataFolder, files, () => store.problem())
  const stopWatching = disk.watch(problem => {
    if (problem === null) log.info('the disk of the data folder takes writes again')
    else log.error({ problem }, 'jobs wait, and uploads and new jobs may be refused')
  })
  await ensureApiKey(dataFolder)
  const keys = await loadApiKeys(dataFolder, [
    ...(config.key === null ? [] : [config.key]),
    ...(config.keyFile ? await readKeyFile(config.keyFile) : []),
  ])
  const serverSecret = await ensureSecret(join(dataFolder, 'webhook-secret'), 'tw_')
  const damage = new DamageRegistry(found =>
    log.warn(found, 'a file of the data folder is damaged'),
  )
  const datasets = new Datasets(
    store,
    {},
    damage,
    id => changes.resourceChanged('dataset', id),
    warning => log.warn({ warning }, 'a conversion of a data set does not run as it could'),
  )
  const previews = new Previews({ store })
  const exports = new Exports(store)
  const uploads = new UploadFolder(join(dataFolder, 'uploads'))
  const sourceSettings = {
    roots: config.dataRoots ?? [],
    rules: parseFetchRules(config.fetchAllow ?? []),
    s3,
    ...(overrides.fetchTiming && { timing: overrides.fetchTiming }),
  }
  const sources = new Sources(sourceSettings, uploads, datasets.limits)
  const imports = new Imports({ store, datasets, log })
  imports.start()
  const models = new ModelRegistry(store, damage, (name, version) => {
    changes.resourceChanged('model', modelMember(name, version))
    predictor.unloadVersion(name, version)
    void watch.remove(name, version)
  })
  const watch = new ModelWatch({
    ...{ store, disk, log },
    reference: async model =>
      readReference(await models.folder(model), modelKey(model.id, model.version)),
    versions: name => models.versions(name),
  })
  const modelExports = new ModelExports(models)
  const versionUse = new VersionUse()
  const modelRecords = openModelRecords({
    store,
    models,
    whenUnused: (name, version) => versionUse.whenUnused(name, version),
  })
  const weights = new WeightsStore(store, damage, id => changes.resourceChanged('weights', id))
  const jobs = new Jobs({
    store,
    redis,
    log,
    damage,
    findDataset: id => datasets.get(id),
    findModel: selector => modelRecords.aliases.find(selector),
    modelTensors: async (name, version) =>
      readTensors(await models.weightsPrefix({ name, version })),
    findWeights: id => weights.get(id),
    readTensors,
    version,
    diskProblem: async () => (await disk.status()).problem,
    estimateSize: openPlanner({ script: scriptPath('workers/planner'), env }),
  })
  const changes = new Changes({
    redis,
    stores: watchedStores({ datasets, models, weights }),
    models: modelRecords.feed,
    turns: jobs.telemetry.turns,
    log,
  })
  const exporter = new KeptChild<CheckpointExportTask, CheckpointContract>({
    name: 'checkpoint exporter',
    script: scriptPath('workers/checkpoint-exporter'),
    env,
    timeoutMs: 120_000,
    idleMs: 60_000,
    maxWaiting: 8,
  })
  const checkpoints = new CheckpointModels({
    source: jobs.checkpointSource,
    findDataset: id => datasets.get(id),
    store,
    exporter,
  })
  const statistics = new PredictionStatistics()
  const predictor = await openPool({
    script: overrides.predictorScript ?? scriptPath('workers/predictor'),
    env,
    predictors: config.predictors ?? null,
    threads: config.predictorThreads ?? null,
    memoryBytes: config.predictorMemoryBytes ?? null,
    ...(config.predictionWaitMs && { maxWaitMs: config.predictionWaitMs }),
    statistics,
    log,
  })
  const keptModels = new KeptModels({
    ...{ models, aliases: modelRecords.aliases, predictor, log },
    pinned: config.pinnedModels ?? [],
  })
  const rowPredictor = new SmallBatches(
    openRowPredictor({ script: scriptPath('workers/row-predictor'), env, log }),
    new TreeCache(),
  )
  const explainer = openExplainer({
    script: scriptPath('workers/explainer'),
    env,
    threads: config.predictorThreads ?? null,
  })
  const webhooks = new Webhooks({
    store,
    jobs: jobs.feed,
    models: modelRecords.feed,
    serverSecret,
    allowedNetworks: config.webhooks,
    log,
    damage,
    ...(overrides.webhookTiming && { timing: overrides.webhookTiming }),
  })
  const retention = new CheckpointRetention({ store, keepDays: config.checkpointDays ?? null, log })
  retention.start()
  const damageScan = new DamageScan([jobs, datasets, models, weights, webhooks], log, {
    inBucket: bucket !== null,
  })
  const close = async () => {
    await imports.close()
    await damageScan.close()
    await retention.close()
    stopWatching()
    await webhooks.close()
    exports.close()
    modelExports.close()
    await previews.close()
    await keptModels.close()
    await predictor.close()
    await rowPredictor.close()
    await watch.close()
    await explainer.close()
    await exporter.close()
    await changes.close()
    await jobs.close()
  }
  const parts = {
    ...{ dataFolder, store, disk, jobs, datasets, imports, sources, models, weights },
    ...{
      modelRecords,
      router: new TrafficRouter(),
      versionUse,
      checkpoints,
      predictor,
      statistics,
      watch,
      rowPredictor,
      explainer,
    },
    ...{ previews, exports, modelExports, webhooks, changes, keys, damage, retention },
  }
  return { parts, close }
}
