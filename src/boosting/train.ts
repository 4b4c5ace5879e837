import { returnUnusedMemory } from '../engine/unused-memory.js'
import { TrainingFailure } from '../errors.js'
import {
  type BoostingMetricName,
  objectiveMetrics,
  validationMetricName,
} from '../spec/boosting-metrics.js'
import type { ResolvedBoostingOptions } from '../spec/boosting-options.js'
import type { Evaluation } from '../spec/evaluation.js'
import type { EvaluatedRecords } from '../spec/evaluation-records.js'
import type { Phase } from '../spec/job.js'
import type { MetricRow } from '../spec/metrics.js'
import {
  type CheckpointInterval,
  CheckpointSchedule,
} from '../training-control/checkpoint-schedule.js'
import {
  boostingCriterion,
  type EarlyStoppingOptions,
  EarlyStoppingTracker,
} from '../training-control/early-stopping.js'
import { evaluatePredictions } from '../training-control/evaluation.js'
import { Booster, type ModelFormat } from './booster.js'
import { evaluatedRecords } from './evaluated-records.js'
import { DMatrix } from './matrix.js'
import { linkOf } from './offset.js'
import {
  measuredMetrics,
  runParameters,
  type XgboostParameters,
  xgboostParameters,
} from './parameters.js'
import type { RankGroup } from './rank-group.js'
import { shareOf } from './row-share.js'
import type { Table } from './training-table.js'

const defaultCheckpointSeconds = 10

export interface BoostingInput {
  /** `model.rounds` is the total, including the rounds of `resume`. */
  model: ResolvedBoostingOptions
  /** Number of classes, if the objective is multiclass. */
  classes: number | null
  /** Names of the classes. If there are any, the result has an evaluation of the validation rows. */
  labels: readonly string[]
  /** Whether the best round, if there is one, is evaluated instead of the last. */
  exportBest: boolean
  seed: number
  training: Table
  validation: Table | null
  earlyStopping: EarlyStoppingOptions | null
  /** Rounds between two metric rows. The last round always has one. */
  logEvery: number
  checkpointInterval: CheckpointInterval
  /** Bytes of the checkpoint to resume from. */
  resume: Uint8Array | null
  /** Metric rows of earlier runs, which restore early stopping. Rows after `resume` are ignored. */
  history?: readonly MetricRow[]
  device: 'cpu' | 'cuda'
  /** The last bits of sums depend on it: a resumed job with as many threads ends with equal bytes. */
  threads: number
  /**
   * The processes that train together, each on its share of the rows; absent for one alone. All have the same
   * input. What the hooks say counts on rank 0, and only rank 0 has a result.
   */
  group?: RankGroup | null
}

/** What all ranks do next: a further round, or the end, of the job or on request. */
const steps = ['train', 'end', 'stop'] as const
type Next = (typeof steps)[number]

/** Called by the boosting loop as it runs. */
export interface BoostingHooks {
  phase(phase: Phase, round: number): void
  row(row: MetricRow): Promise<void>
  /** `best`: this round is the best so far (`boostingCriterion`). */
  checkpoint(round: number, bytes: Uint8Array, best: boolean): Promise<void>
  /** Called after each round. If it returns false, the loop writes a checkpoint and ends. */
  shouldContinue(): Promise<boolean>
}

export interface BoostingResult {
  /** False if `shouldContinue` ended the run. */
  finished: boolean
  rounds: number
  /**
   * The round with the best early-stopping metric. The published model has as many rounds. Null
   * without early stopping, and if the metric had no finite value.
   */
  bestRound: number | null
  stoppedEarly: boolean
  /** Of the round that is published. Null without classes or validation rows, and if the run was not finished. */
  evaluation: Evaluation | null
  /**
   * What that round predicts for each validation row, by its position in the table. Null for rankings, without
   * validation rows, and if the run was not finished.
   */
  records: EvaluatedRecords | null
}

/**
 * Gradient-boosted trees by XGBoost (Chen & Guestrin 2016, arXiv:1603.02754). Trains until
 * `model.rounds` rounds, early stopping, or until `shouldContinue` returns false. Checkpoints
 * include the random state, and margins are summed in the order of rounds, so an interrupted and
 * resumed job ends with the same bytes. Throws `nan_loss`, after a row of the round, if the loss
 * is not finite.
 */
export async function trainBoosting(
  input: BoostingInput,
  hooks: BoostingHooks,
): Promise<BoostingResult> {
  hooks.phase('preparing', 0)
  const { classes, seed, device, threads, resume, group = null } = input
  const model = input.training.offsets
    ? { ...input.model, baseScore: linkOf(input.model.objective).neutral }
    : input.model
  const share = (table: Table) => (group ? shareOf(table, group) : table)
  using training = createDMatrix(share(input.training), input)
  using validation = input.validation && createDMatrix(share(input.validation), input, training)
  const matrices = validation ? [training, validation] : [training]
  // the batches of the table, and the sketches from which XGBoost made bins: as much as a job of few rows trains with
  await returnUnusedMemory()
  using booster = resume ? Booster.deserialize(resume, matrices) : Booster.create(matrices)
  const { columns } = input.training
  const metricNames = measuredMetrics(model.objective, group?.world ?? 1)
  const params = xgboostParameters(model, columns, classes, metricNames, { seed, device, threads })
  if (resume && model.treeMethod === 'approx') restoreFirstRoundBins(training, params)
  booster.set(resume ? runParameters({ device, threads }) : params)
  booster.setFeatureInfo(columns)

  const earlyStopping = new EarlyStoppingTracker(
    input.earlyStopping && boostingCriterion(input.earlyStopping),
    input.earlyStopping,
  )
  let round = resume ? booster.rounds : 0
  for (const row of input.history ?? []) if (row.step <= round) earlyStopping.update(row)
  let savedRound = round
  const checkpointSchedule = new CheckpointSchedule(input.checkpointInterval, {
    seconds: defaultCheckpointSeconds,
    stepsPerEpoch: null,
  })
  const checkpoint = async (best: boolean) => {
    hooks.phase('saving', round)
    await checkpointSchedule.save(() => hooks.checkpoint(round, booster.serialize(), best))
    hooks.phase('training', round)
    savedRound = round
  }
  const result = (finished: boolean): BoostingResult => ({
    finished,
    rounds: round,
    bestRound: earlyStopping.bestStep,
    stoppedEarly: earlyStopping.shouldStop,
    ...(finished ? evaluate() : nothingEvaluated),
  })
  const evaluate = (): Pick<BoostingResult, 'evaluation' | 'records'> => {
    if (!input.validation || !validation || model.objective === 'ranking') return nothingEvaluated
    if (group && !group.leads) return nothingEvaluated
    hooks.phase('evaluating', round)
    const rounds = (input.exportBest ? earlyStopping.bestStep : null) ?? round
    // the matrix of a group has only the rows of this rank
    using whole = group && createDMatrix(input.validation, input, training)
    const { values } = booster.predict(whole ?? validation, 'value', rounds)
    const { labels } = input.validation
    return {
      evaluation:
        input.labels.length > 0 ? evaluatePredictions(input.labels, labels, values) : null,
      records: evaluatedRecords(labels, values, input.labels.length),
    }
  }

  const hasEnded = () => round >= model.rounds || earlyStopping.shouldStop
  const agree = (next: Next): Next => (group ? steps[group.agree(steps.indexOf(next))]! : next)

  hooks.phase('training', round)
  let next = agree(hasEnded() ? 'end' : 'train')
  while (next === 'train') {
    const startedAt = performance.now()
    booster.update(round, training)
    round++
    const seconds = (performance.now() - startedAt) / 1000

    const isLastRound = round === model.rounds
    if (round % input.logEvery === 0 || isLastRound) {
      const metrics = evaluateMetrics(booster, round, matrices, metricNames)
      const row = { step: round, time: new Date().toISOString(), values: finiteValues(metrics) }
      const lossName = objectiveMetrics[model.objective][0]
      const loss = metrics[lossName]!
      if (!Number.isFinite(loss)) {
        // the last row says how the job ended
        await hooks.row({ ...row, values: { ...row.values, [lossName]: loss } })
        throw nanLoss(lossName, loss, round, model.learningRate)
      }
      const examplesPerSecond = input.training.rows / seconds
      earlyStopping.update(row)
      await hooks.row({ ...row, values: { ...row.values, examplesPerSecond } })
    }
    const best = earlyStopping.bestStep === round
    if (checkpointSchedule.isDue(round) || hasEnded()) await checkpoint(best)
    next = agree(hasEnded() ? 'end' : (await hooks.shouldContinue()) ? 'train' : 'stop')
    if (next === 'stop' && savedRound < round) await checkpoint(best)
  }
  await group?.leave()
  return result(next === 'end')
}

const nothingEvaluated = { evaluation: null, records: null }

/** The model of a checkpoint, in XGBoost's format. */
export function exportBoosting(checkpoint: Uint8Array, format: ModelFormat): Uint8Array {
  using booster = Booster.deserialize(checkpoint)
  return booster.save(format)
}

/** The tree method `hist` trains on bins; the others need the values. */
function createDMatrix(
  table: Table,
  { model, threads }: BoostingInput,
  reference?: DMatrix,
): DMatrix {
  if (model.treeMethod !== 'hist') return DMatrix.fromTable(table, threads)
  const { maxBins } = model
  return DMatrix.quantile(table, reference ? { maxBins, threads, reference } : { maxBins, threads })
}

/**
 * If second derivatives are constant, `approx` caches in the matrix the bins of the rows that round
 * 0 sampled. Training round 0 again with a temporary booster restores those bins.
 */
function restoreFirstRoundBins(training: DMatrix, params: XgboostParameters): void {
  using booster = Booster.create([training])
  booster.set(params)
  booster.update(0, training)
}

function evaluateMetrics(
  booster: Booster,
  round: number,
  matrices: readonly DMatrix[],
  metrics: readonly BoostingMetricName[],
) {
  const [training, validation] = booster.evaluate(round - 1, matrices)
  const values: Record<string, number> = {}
  metrics.forEach((metric, i) => {
    values[metric] = training![i]!
    if (validation) values[validationMetricName(metric)] = validation[i]!
  })
  return values
}

/** Rows omit metrics without a finite value, such as the AUC of a single class. */
const finiteValues = (values: Record<string, number>) =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => Number.isFinite(value)))

const nanLoss = (metric: string, loss: number, round: number, learningRate: number) =>
  new TrainingFailure(
    'nan_loss',
    `${metric} became ${loss} in round ${round}, with a learning rate of ${learningRate}; try a lower one, or look for huge values in the target or the sample weights`,
  )
