import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Booster } from '../../src/boosting/booster.js'
import type { RankGroup } from '../../src/boosting/rank-group.js'
import { checkShares } from '../../src/boosting/row-share.js'
import {
  type BoostingHooks,
  type BoostingInput,
  type BoostingResult,
  exportBoosting,
  trainBoosting,
} from '../../src/boosting/train.js'
import { Datasets } from '../../src/datasets/datasets.js'
import { readInstallation } from '../../src/engine/installation.js'
import { jobPaths } from '../../src/jobs/record/job-paths.js'
import { JobRecords } from '../../src/jobs/record/records.js'
import type { ResolvedBoostingOptions } from '../../src/spec/boosting-options.js'
import type { FeatureColumn } from '../../src/spec/feature-column.js'
import type { BoostingJob } from '../../src/spec/job.js'
import { metricsAt } from '../../src/spec/metrics.js'
import type { ColumnImportance } from '../../src/spec/model.js'
import type { Store } from '../../src/store/store.js'
import { AttemptRecorder, type CheckpointWriter, type TrainerDeps } from './attempt-recorder.js'
import { checkWorld, type GangDeps, inGroup, prepareGroup } from './boosting-gang.js'
import { writeBoostingReference } from './boosting-reference.js'
import { openTables, type Tables } from './boosting-tables.js'
import { describeClassCoverage } from './class-coverage.js'
import { weightedByClass } from './class-weights.js'
import { writeValidationRecords } from './evaluation-records.js'
import { boostingContract } from './model-contract.js'

/** The full state of the training, in each checkpoint. */
const stateFile = 'booster.ubj'
/** The model alone, in each checkpoint and in the published model. Any XGBoost reads it. */
const modelFile = 'model.ubj'

export interface BoostingAttemptDeps extends TrainerDeps<BoostingJob> {
  /** What this process may use of the machine. */
  resources: { threads: number; gpu: boolean }
  /** Must be called before XGBoost loads. */
  limitThreads(threads: number): void
  /** The other trainers of the job; null if this one trains alone. */
  gang: GangDeps | null
}

/**
 * Runs one attempt of a boosting job until the model is published or the worker stops it. In a gang, rank 0 does;
 * the other ranks train with it and write nothing.
 */
export async function runBoostingAttempt(deps: BoostingAttemptDeps): Promise<void> {
  const { gang, task } = deps
  checkWorld(task.job, gang?.placement.world ?? 1)
  if (gang && gang.placement.rank > 0) await follow(deps)
  else await lead(deps)
}

async function lead(deps: BoostingAttemptDeps): Promise<void> {
  const { store, task, resources } = deps
  const { job, resumeFrom } = task
  const { training: plan } = job
  let latestState = resumeFrom === null ? null : await readState(store, job.id, resumeFrom)
  const checkpointWriter: CheckpointWriter<Uint8Array> = {
    format: 'xgboost',
    async write(folder, _step, state) {
      latestState = state
      await writeFile(join(folder, stateFile), state)
      await writeFile(join(folder, modelFile), exportBoosting(state, 'ubj'))
    },
  }
  const recorder = await AttemptRecorder.open(deps, checkpointWriter)
  await recorder.phase('preparing', 0)
  const threads = await recorder.agreeOnThreads(resources.threads)
  const { tables, input, group } = await prepare(deps, threads, latestState)
  if (group) console.log(describeGroup(group, threads, resources.gpu))
  if (plan.classes && tables.validation) {
    const lines = describeClassCoverage(input.training, tables.validation, plan.classes.labels)
    for (const line of lines) console.log(line)
  }
  const history = await recorder.rowsUpToResume()
  const boosted = await inGroup(group, () => trainBoosting({ ...input, history }, recorder))
  if (!boosted.finished) return recorder.stopped()
  await recorder.phase('saving', boosted.rounds)
  if (plan.earlyStopping && boosted.bestRound === null) {
    const { metric } = plan.earlyStopping
    console.log(
      `${metric} had no finite value in any evaluation, so no round is the best and early stopping had nothing to compare; all ${boosted.rounds} rounds are published. The AUC needs validation rows of both classes`,
    )
  }
  // the last round always has a checkpoint: written just now, or the one that was resumed from
  await publish(deps, recorder, latestState!, boosted, tables, threads)
}

/** A rank beside rank 0, which decides when the training ends and writes all there is to write. */
async function follow(deps: BoostingAttemptDeps): Promise<void> {
  const { store, task, resources, send, stopRequested } = deps
  const { job, resumeFrom } = task
  const state = resumeFrom === null ? null : await readState(store, job.id, resumeFrom)
  const threads = await new JobRecords(store).agreeOnThreads(job.id, resources.threads)
  const { input, group } = await prepare(deps, threads, state)
  const hooks: BoostingHooks = {
    phase() {},
    async row() {},
    async checkpoint() {},
    shouldContinue: async () => (await stopRequested()) === null,
  }
  await inGroup(group, () => trainBoosting(input, hooks))
  await send({ type: 'left' })
}

/** What is alike on all ranks of a job. It loads XGBoost and, in a gang, waits for the other ranks. */
async function prepare(
  { store, task, resources, limitThreads, gang }: BoostingAttemptDeps,
  threads: number,
  resume: Uint8Array | null,
): Promise<{ tables: Tables; input: BoostingInput; group: RankGroup | null }> {
  const { model, training: plan } = task.job
  limitThreads(threads)
  const join = gang && (await prepareGroup(gang))
  const tables = await openTables(task, new Datasets(store))
  if (gang) {
    const { world } = gang.placement
    checkShares(tables.training, world, 'train on')
    if (tables.validation) checkShares(tables.validation, world, 'validate on')
  }
  const training = weightedByClass(tables.training, plan)
  const group = join && (await join())
  const input: BoostingInput = {
    model,
    training,
    validation: tables.validation,
    classes: model.objective === 'multiclass' ? plan.classes!.labels.length : null,
    labels: plan.classes?.labels ?? [],
    exportBest: plan.exportBest,
    seed: plan.seed,
    earlyStopping: plan.earlyStopping,
    logEvery: plan.logEvery,
    checkpointInterval: { steps: plan.checkpointEvery, seconds: plan.checkpointSeconds },
    resume,
    // the ranks of a host share the one GPU of their slot, which XGBoost refuses
    device: group ? 'cpu' : deviceFor(model, resources),
    threads,
    group,
  }
  return { tables, input, group }
}

function describeGroup({ world }: RankGroup, threads: number, gpu: boolean): string {
  const each = `each with ${threads} ${threads === 1 ? 'thread' : 'threads'}`
  const device = gpu ? '; they train on the CPU, since they share one GPU' : ''
  return `${world} ranks train the job together, ${each} and its share of the rows${device}`
}

/** The GPU of the worker's slot, if XGBoost can use it: the exact method runs on the CPU only. */
function deviceFor(
  { treeMethod }: ResolvedBoostingOptions,
  { gpu }: BoostingAttemptDeps['resources'],
): 'cpu' | 'cuda' {
  return gpu && treeMethod !== 'exact' && readInstallation().kind === 'cuda' ? 'cuda' : 'cpu'
}

async function readState(store: Store, id: string, step: number): Promise<Uint8Array> {
  const folder = await store.folder(jobPaths(id).checkpoint(step))
  return readFile(join(folder, stateFile))
}

/** Publishes all rounds or, with `exportBest`, the rounds up to the best one. */
async function publish(
  { store, task }: Pick<BoostingAttemptDeps, 'store' | 'task'>,
  recorder: AttemptRecorder<Uint8Array>,
  state: Uint8Array,
  { rounds, bestRound, evaluation, records }: BoostingResult,
  tables: Tables,
  threads: number,
): Promise<void> {
  const { job, dataset } = task
  const { columns, validationRows } = tables
  const { exportBest } = job.training
  const step = exportBest && bestRound !== null ? bestRound : rounds
  using fullModel = Booster.deserialize(state)
  // if this is the full model, it is disposed of twice, which has no effect
  using model = step === fullModel.rounds ? fullModel : fullModel.slice(step)
  const newModel = {
    name: job.name,
    jobId: job.id,
    createdAt: new Date().toISOString(),
    model: job.model,
    dataset: job.dataset,
    step,
    ...boostingContract(job, dataset, columns),
    featureImportance: importanceOf(model, columns),
    metrics: metricsAt(await recorder.rows(), step),
    ...(evaluation && { evaluation }),
  }
  await recorder.publish(rounds, async folder => {
    const bytes = model.save('ubj')
    await writeFile(join(folder, modelFile), bytes)
    await writeFile(join(folder, 'model.json'), model.save('json'))
    const { seed } = job.training
    await writeBoostingReference(folder, newModel, bytes, tables, { seed, threads })
    if (records) {
      const index = records.index.map(row => validationRows[row]!)
      await writeValidationRecords(store, task, { ...records, index }, folder)
    }
    return newModel
  })
}

function importanceOf(model: Booster, columns: readonly FeatureColumn[]): ColumnImportance[] {
  const [gain, weight, cover] = (['gain', 'weight', 'cover'] as const).map(kind =>
    model.importance(kind),
  )
  const all = columns.map(({ name }) => ({
    column: name,
    gain: gain!.get(name) ?? 0,
    weight: weight!.get(name) ?? 0,
    cover: cover!.get(name) ?? 0,
  }))
  return all.sort((a, b) => b.gain - a.gain)
}
