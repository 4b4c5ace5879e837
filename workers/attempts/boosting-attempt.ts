import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Booster } from '../../src/boosting/booster.js'
import { type BoostingResult, exportBoosting, trainBoosting } from '../../src/boosting/train.js'
import { readInstallation } from '../../src/engine/installation.js'
import { jobPaths } from '../../src/jobs/record/job-paths.js'
import { JobRecords } from '../../src/jobs/record/records.js'
import { ModelRegistry } from '../../src/models/registry.js'
import type { ResolvedBoostingOptions } from '../../src/spec/boosting-options.js'
import type { FeatureColumn } from '../../src/spec/feature-column.js'
import type { BoostingJob } from '../../src/spec/job.js'
import type { ColumnImportance } from '../../src/spec/model.js'
import {
  effectiveRows,
  metricsAt,
  modelProvenance,
  openAttemptRecorder,
  rowsUpToResume,
  type TrainerDeps,
} from './attempt-recorder.js'
import { openTables } from './boosting-tables.js'

/** All that training goes on from, in a checkpoint, and what any XGBoost reads, there and in a model. */
const stateFile = 'booster.ubj'
const modelFile = 'model.ubj'

export interface BoostingAttemptDeps extends TrainerDeps<BoostingJob> {
  /** What this process may use of the machine. */
  resources: { threads: number; gpu: boolean }
  /** To be called before XGBoost loads. */
  limitThreads(threads: number): void
}

/** One attempt at a boosting job, from its tables to its model, or to where it is stopped. */
export async function runBoostingAttempt(deps: BoostingAttemptDeps): Promise<void> {
  const { store, task, send, resources } = deps
  const { job, resumeFrom } = task
  const { model, training: plan } = job
  const startStep = resumeFrom ?? 0
  await send({ type: 'phase', phase: 'preparing', step: startStep })
  const threads = await new JobRecords(store).agreeOnThreads(job.id, resources.threads)
  deps.limitThreads(threads)
  const tables = await openTables(deps)
  const recorder = await openAttemptRecorder(deps)
  let latestState = resumeFrom === null ? null : await readState(deps, resumeFrom)
  const boosted = await trainBoosting(
    {
      model,
      training: tables.training,
      validation: tables.validation,
      classes: model.objective === 'multiclass' ? plan.classes!.labels.length : null,
      seed: plan.seed,
      earlyStopping: plan.earlyStopping,
      logEvery: plan.logEvery,
      checkpointInterval: { steps: plan.checkpointEvery, seconds: plan.checkpointSeconds },
      resume: latestState,
      history: await rowsUpToResume(deps),
      device: deviceFor(model, resources),
      threads,
    },
    {
      phase: (phase, round) => recorder.phase(phase, Math.max(round, startStep)),
      row: recorder.row,
      checkpoint: async (round, state, best) => {
        latestState = state
        await recorder.checkpoint(round, 'xgboost', best, async folder => {
          await writeFile(join(folder, stateFile), state)
          await writeFile(join(folder, modelFile), exportBoosting(state, 'ubj'))
        })
      },
      shouldContinue: recorder.shouldContinue,
    },
  )
  if (!boosted.finished) return send({ type: 'stopped' })
  const step = boosted.rounds
  await send({ type: 'phase', phase: 'saving', step })
  // the last round has a checkpoint, made just now or gone on from
  const { version, metrics } = await publish(deps, latestState!, boosted, tables.columns)
  await send({ type: 'finished', model: { id: job.name, version }, metrics, step })
}

/** The GPU of the worker's slot, where XGBoost can use it: exact trees grow on CPUs alone. */
function deviceFor(
  { treeMethod }: ResolvedBoostingOptions,
  { gpu }: BoostingAttemptDeps['resources'],
): 'cpu' | 'cuda' {
  return gpu && treeMethod !== 'exact' && readInstallation().kind === 'cuda' ? 'cuda' : 'cpu'
}

async function readState({ store, task }: BoostingAttemptDeps, step: number): Promise<Uint8Array> {
  const folder = await store.folder(jobPaths(task.job.id).checkpoint(step))
  return readFile(join(folder, stateFile))
}

async function publish(
  { store, task }: BoostingAttemptDeps,
  state: Uint8Array,
  { rounds, bestRound }: BoostingResult,
  columns: FeatureColumn[],
) {
  const { job } = task
  const { classes, target, exportBest } = job.training
  const step = exportBest && bestRound !== null ? bestRound : rounds
  using fullModel = Booster.deserialize(state)
  // freed twice where it is the whole, which does nothing
  using model = step === fullModel.rounds ? fullModel : fullModel.slice(step)
  const staged = await store.stage()
  await writeFile(join(staged, modelFile), model.save('ubj'))
  await writeFile(join(staged, 'model.json'), model.save('json'))
  return new ModelRegistry(store).publish(staged, {
    ...modelProvenance(job),
    step,
    target,
    input: { columns },
    labels: classes?.labels ?? [],
    featureImportance: importanceOf(model, columns),
    metrics: metricsAt(await effectiveRows(store, task), step),
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
