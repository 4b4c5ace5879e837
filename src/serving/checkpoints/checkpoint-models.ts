import { isMissing, TrainyardError } from '../../errors.js'
import type { KeptChild } from '../../ipc/kept-child.js'
import type { Checkpoint } from '../../spec/checkpoint.js'
import type { DatasetManifest } from '../../spec/dataset.js'
import type { CheckpointContract, CheckpointExportTask } from '../../spec/ipc-messages.js'
import { isPrediction, type JobManifest } from '../../spec/job.js'
import type { Model } from '../../spec/model.js'
import type { Store } from '../../store/store.js'
import { toPredictorError } from '../errors.js'

/** Which checkpoint of a job predicts. */
export type CheckpointChoice = 'latest' | 'best' | number

/** What this needs of jobs. */
export interface CheckpointSource {
  manifest(id: string): Promise<JobManifest>
  /** Oldest first. */
  checkpoints(id: string): Promise<Checkpoint[]>
  /** Its folder, whose files are intact. Throws CHECKPOINT_NOT_FOUND or a DamagedError. */
  folder(id: string, step: number): Promise<string>
}

export interface CheckpointModelsDeps {
  source: CheckpointSource
  findDataset(id: string): Promise<DatasetManifest>
  store: Pick<Store, 'stage' | 'discard'>
  exporter: Pick<KeptChild<CheckpointExportTask, CheckpointContract>, 'ask'>
}

/** A checkpoint in the form of a model; `version` means nothing. */
export interface CheckpointModel {
  model: Model
  folder: string
}

interface Entry {
  ready: Promise<CheckpointModel>
  /** By `performance.now()`. */
  usedAt: number
  running: number
  createdAt: number
}

/** Folders of checkpoints that predict. */
const maxFolders = 8
/** A request that has selected a checkpoint predicts with it within this time. */
const selectionLastsMs = 60_000
/** Other processes take a folder for abandoned after a day. */
const maxAgeMs = 12 * 3600_000

/**
 * Lets checkpoints of jobs predict, also while the job trains. Each is written once to a folder that is like that of a
 * model, and belongs to this process; the predictors load it like a model. The least recently used folders go.
 */
export class CheckpointModels {
  private readonly entries = new Map<string, Entry>()
  private readonly entryOf = new WeakMap<Model, Entry>()

  constructor(private readonly deps: CheckpointModelsDeps) {}

  /** Throws JOB_NOT_FOUND, CHECKPOINT_NOT_FOUND, DATASET_GONE, PREDICTOR_BUSY or a DamagedError. */
  async select(id: string, choice: CheckpointChoice): Promise<CheckpointModel> {
    const { source } = this.deps
    const job = await source.manifest(id)
    if (isPrediction(job)) throw hasNoModel(id)
    for (let tries = 0; ; tries++) {
      const { step, attempt } = choose(id, await source.checkpoints(id), choice)
      try {
        // a resumed job trains a step again, maybe with other weights
        return await this.open(`${id}/${step}/${attempt}`, job, step)
      } catch (error) {
        // the job trains on, and may have removed its older checkpoints meanwhile
        const isPruned = isMissing(error) && error.code === 'CHECKPOINT_NOT_FOUND'
        if (!isPruned || typeof choice === 'number' || tries === 2) throw error
      }
    }
  }

  /** Runs a prediction in the folder of a model that `select` returned; null if it did not return the model. */
  predict<T>(model: Model, run: (folder: string) => Promise<T>): Promise<T> | null {
    const entry = this.entryOf.get(model)
    if (!entry) return null
    entry.running++
    return entry.ready
      .then(({ folder }) => run(folder))
      .finally(() => {
        entry.running--
        entry.usedAt = performance.now()
      })
  }

  private async open(key: string, job: JobManifest, step: number): Promise<CheckpointModel> {
    let entry = this.entries.get(key)
    if (entry && performance.now() - entry.createdAt > maxAgeMs) entry = undefined
    if (!entry) {
      await this.makeRoom()
      const now = performance.now()
      entry = { ready: this.write(job, step), usedAt: now, createdAt: now, running: 0 }
      const { ready } = entry
      // a failed one is tried again by the next request
      ready.catch(() => {
        if (this.entries.get(key)?.ready === ready) this.entries.delete(key)
      })
    }
    entry.usedAt = performance.now()
    this.entries.delete(key)
    this.entries.set(key, entry)
    const opened = await entry.ready
    this.entryOf.set(opened.model, entry)
    return opened
  }

  private async makeRoom(): Promise<void> {
    if (this.entries.size < maxFolders) return
    const now = performance.now()
    for (const [key, { running, usedAt, ready }] of this.entries) {
      if (running > 0 || now - usedAt < selectionLastsMs) continue
      this.entries.delete(key)
      const opened = await ready.catch(() => null)
      if (opened) await this.deps.store.discard(opened.folder)
      return
    }
    const message = `${maxFolders} checkpoints of jobs predict already, each within the last minute; try again`
    throw new TrainyardError('PREDICTOR_BUSY', message)
  }

  private async write(job: JobManifest, step: number): Promise<CheckpointModel> {
    const { source, store, exporter, findDataset } = this.deps
    const dataset = await findDataset(job.dataset.id).catch(error => {
      throw isMissing(error) ? datasetGone(job, error) : error
    })
    const checkpoint = await source.folder(job.id, step)
    const folder = await store.stage()
    try {
      const task = { job, dataset, checkpoint, step, folder }
      const contract = await exporter.ask(task).catch(async error => {
        // it may have been removed while it was read
        await source.folder(job.id, step)
        throw toPredictorError(error)
      })
      return { model: modelOf(job, step, contract), folder }
    } catch (error) {
      await store.discard(folder)
      throw error
    }
  }
}

const hasNoModel = (id: string) =>
  new TrainyardError(
    'CHECKPOINT_NOT_FOUND',
    `job '${id}' predicts: its checkpoints hold predictions, and no model; GET /jobs/${id} names the version that it predicts by`,
  )

function choose(id: string, checkpoints: readonly Checkpoint[], choice: CheckpointChoice) {
  const found =
    typeof choice === 'number'
      ? checkpoints.find(({ step }) => step === choice)
      : checkpoints.findLast(each => each[choice])
  if (found) return found
  const steps = checkpoints.map(({ step }) => step)
  const known =
    steps.length > 0
      ? `it has those of the steps ${steps.slice(-20).join(', ')}`
      : 'it has none now: training.checkpointEvery sets how often it writes one, and a job that has succeeded may have published a model, which GET /jobs/ID names'
  const what = typeof choice === 'number' ? `checkpoint of step ${choice}` : `${choice} checkpoint`
  throw new TrainyardError('CHECKPOINT_NOT_FOUND', `job '${id}' has no ${what}: ${known}`)
}

/** In the form of a published model, of which predictions need the contract only. */
function modelOf(job: JobManifest, step: number, contract: CheckpointContract): Model {
  const { id, name, createdAt, dataset, model } = job
  const common = { id: name, name, version: 0, versions: [], jobId: id, createdAt, dataset, step }
  return { ...common, model, metrics: {}, featureImportance: [], ...contract } as Model
}

const datasetGone = ({ id, dataset }: JobManifest, cause: unknown) =>
  new TrainyardError(
    'DATASET_GONE',
    `the data set ${dataset.id} ('${dataset.name}') of job '${id}' was deleted, and with it what the job's predictions mean: upload it again, or predict with a published model`,
    { cause },
  )
