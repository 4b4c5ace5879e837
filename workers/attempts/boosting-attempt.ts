import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Booster } from '../../src/boosting/booster.js'
import { type Boosted, exportBoosting, trainBoosting } from '../../src/boosting/train.js'
import { installation } from '../../src/engine/installation.js'
import { jobKeys } from '../../src/jobs/record/job-paths.js'
import { JobRecords } from '../../src/jobs/record/records.js'
import { Models } from '../../src/models/registry.js'
import type { Boosting } from '../../src/spec/boosting-options.js'
import type { FeatureColumn } from '../../src/spec/feature-column.js'
import type { BoostingJob } from '../../src/spec/job.js'
import type { ColumnImportance } from '../../src/spec/model.js'
import {
  historyOf,
  metricsAt,
  originOf,
  rowsOf,
  surroundings,
  type TrainerParts,
} from './attempt-recorder.js'
import { openTables } from './boosting-tables.js'

/** All that training goes on from, in a checkpoint, and what any XGBoost reads, there and in a model. */
const stateFile = 'booster.ubj'
const modelFile = 'model.ubj'

export interface BoostingParts extends TrainerParts<BoostingJob> {
  /** What this process may use of the machine. */
  share: { threads: number; gpu: boolean }
  /** To be called before XGBoost loads. */
  limitThreads(threads: number): void
}

/** One attempt at a boosting job, from its tables to its model, or to where it is stopped. */
export async function boostAttempt(parts: BoostingParts): Promise<void> {
  const { store, task, tell, share } = parts
  const { job, resumeFrom } = task
  const { model, training: plan } = job
  const behind = resumeFrom ?? 0
  await tell({ type: 'phase', phase: 'preparing', step: behind })
  const threads = await new JobRecords(store).settleThreads(job.id, share.threads)
  parts.limitThreads(threads)
  const tables = await openTables(parts)
  const around = await surroundings(parts)
  let newest = resumeFrom === null ? null : await stateAt(parts, resumeFrom)
  const boosted = await trainBoosting(
    {
      model,
      training: tables.training,
      validation: tables.validation,
      classes: model.objective === 'multiclass' ? plan.classes!.labels.length : null,
      seed: plan.seed,
      earlyStopping: plan.earlyStopping,
      displayEvery: plan.displayEvery,
      snapshots: { every: plan.snapshotEvery, seconds: plan.snapshotSeconds },
      resume: newest,
      history: await historyOf(parts),
      device: deviceFor(model, share),
      threads,
    },
    {
      phase: (phase, round) => around.phase(phase, Math.max(round, behind)),
      row: around.row,
      checkpoint: async (round, state, best) => {
        newest = state
        await around.checkpoint(round, 'xgboost', best, async folder => {
          await writeFile(join(folder, stateFile), state)
          await writeFile(join(folder, modelFile), exportBoosting(state, 'ubj'))
        })
      },
      goOn: around.goOn,
    },
  )
  if (!boosted.finished) return tell({ type: 'stopped' })
  const step = boosted.rounds
  await tell({ type: 'phase', phase: 'saving', step })
  // the last round has a checkpoint, made just now or gone on from
  const { version, metrics } = await publish(parts, newest!, boosted, tables.columns)
  await tell({ type: 'finished', model: { id: job.name, version }, metrics, step })
}

/** The GPU of the worker's slot, where XGBoost can use it: exact trees grow on CPUs alone. */
function deviceFor({ treeMethod }: Boosting, { gpu }: BoostingParts['share']): 'cpu' | 'cuda' {
  return gpu && treeMethod !== 'exact' && installation().kind === 'cuda' ? 'cuda' : 'cpu'
}

async function stateAt({ store, task }: BoostingParts, step: number): Promise<Uint8Array> {
  const folder = await store.folder(jobKeys(task.job.id).checkpoint(step))
  return readFile(join(folder, stateFile))
}

async function publish(
  { store, task }: BoostingParts,
  state: Uint8Array,
  { rounds, best }: Boosted,
  columns: FeatureColumn[],
) {
  const { job } = task
  const { classes, target, exportBest } = job.training
  const step = exportBest && best !== null ? best : rounds
  using whole = Booster.unserialise(state)
  // freed twice where it is the whole, which does nothing
  using model = step === whole.rounds ? whole : whole.slice(step)
  const staged = await store.stage()
  await writeFile(join(staged, modelFile), model.save('ubj'))
  await writeFile(join(staged, 'model.json'), model.save('json'))
  return new Models(store).publish(staged, {
    ...originOf(job),
    step,
    target,
    input: { columns },
    labels: classes?.labels ?? [],
    featureImportance: importanceOf(model, columns),
    metrics: metricsAt(await rowsOf(store, task), step),
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
