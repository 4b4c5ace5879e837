import { TrainingFailure } from '../errors.js'
import { objectiveMetrics, validationMetricName } from '../spec/boosting-metrics.js'
import type { ResolvedBoostingOptions } from '../spec/boosting-options.js'
import type { Phase } from '../spec/job.js'
import type { MetricRow } from '../spec/metrics.js'
import {
  type CheckpointInterval,
  CheckpointSchedule,
} from '../training-control/checkpoint-schedule.js'
import {
  type BestCriterion,
  type EarlyStoppingOptions,
  EarlyStoppingTracker,
} from '../training-control/early-stopping.js'
import { Booster, type ModelFormat } from './booster.js'
import { DMatrix } from './matrix.js'
import { runParameters, type XgboostParameters, xgboostParameters } from './parameters.js'
import type { Table } from './training-table.js'

const defaultCheckpointSeconds = 10

export interface BoostingInput {
  /** `model.rounds` trees in all, those of `resume` included. */
  model: ResolvedBoostingOptions
  /** How many, where the objective is multiclass. */
  classes: number | null
  seed: number
  training: Table
  validation: Table | null
  earlyStopping: EarlyStoppingOptions | null
  /** Rounds between two rows of metrics; the last round has one anyway. */
  logEvery: number
  checkpointInterval: CheckpointInterval
  /** A checkpoint's bytes. */
  resume: Uint8Array | null
  /** The rows up to there; later ones do not count. */
  history?: readonly MetricRow[]
  device: 'cpu' | 'cuda'
  /** Sums depend on it in their last bits: a resumed job ends in equal bytes if it has as many. */
  threads: number
}

/** What the loop tells its surroundings, and asks of them. */
export interface BoostingHooks {
  phase(phase: Phase, round: number): void
  row(row: MetricRow): Promise<void>
  /** `best`: no round before was better. */
  checkpoint(round: number, bytes: Uint8Array, best: boolean): Promise<void>
  /** Asked after each round: false ends the loop there, behind a checkpoint. */
  shouldContinue(): Promise<boolean>
}

export interface BoostingResult {
  /** False where `goOn` said no. */
  finished: boolean
  rounds: number
  /** The round with the best value of the early-stopping metric: the model to publish has as many. */
  bestRound: number | null
  stoppedEarly: boolean
}

/**
 * Boosts up to `model.rounds` trees, to where it gets no better, or to where `goOn` says no. A
 * checkpoint holds the random state beside the trees, and margins are summed in the order of rounds,
 * so a job that was cut anywhere ends in the bytes of one that was not.
 */
export async function trainBoosting(
  input: BoostingInput,
  hooks: BoostingHooks,
): Promise<BoostingResult> {
  hooks.phase('preparing', 0)
  const { model, classes, seed, device, threads, resume } = input
  using training = createDMatrix(input.training, input)
  using validation = input.validation && createDMatrix(input.validation, input, training)
  const matrices = validation ? [training, validation] : [training]
  using booster = resume ? Booster.deserialize(resume, matrices) : Booster.create(matrices)
  const { columns } = input.training
  const params = xgboostParameters(model, columns, classes, { seed, device, threads })
  if (resume && model.treeMethod === 'approx') restoreFirstRoundBins(training, params)
  booster.set(resume ? runParameters({ device, threads }) : params)
  booster.setFeatureInfo(columns)

  // of equals the earlier round, which has fewer trees
  const monitor: BestCriterion | null = input.earlyStopping && {
    ...input.earlyStopping,
    onTie: 'earlier',
  }
  const earlyStopping = new EarlyStoppingTracker(monitor, input.earlyStopping)
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
  })

  hooks.phase('training', round)
  while (round < model.rounds && !earlyStopping.shouldStop) {
    const startedAt = performance.now()
    booster.update(round, training)
    round++
    const seconds = (performance.now() - startedAt) / 1000

    const isLastRound = round === model.rounds
    if (round % input.logEvery === 0 || isLastRound) {
      const metrics = evaluateMetrics(booster, round, matrices, model)
      const examplesPerSecond = input.training.rows / seconds
      const row = { step: round, time: new Date().toISOString(), values: metrics }
      earlyStopping.update(row)
      await hooks.row({ ...row, values: { ...metrics, examplesPerSecond } })
    }
    const best = earlyStopping.bestStep === round
    if (checkpointSchedule.isDue(round) || isLastRound || earlyStopping.shouldStop)
      await checkpoint(best)
    if (!isLastRound && !earlyStopping.shouldStop && !(await hooks.shouldContinue())) {
      if (savedRound < round) await checkpoint(best)
      return result(false)
    }
  }
  return result(true)
}

/** The model in a checkpoint, as any XGBoost reads it. */
export function exportBoosting(checkpoint: Uint8Array, format: ModelFormat): Uint8Array {
  using booster = Booster.deserialize(checkpoint)
  return booster.save(format)
}

/** Only hist trains on bins; the other methods need the values. */
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
 * Where second derivatives are constant, approx keeps the bins that the rows drawn for round 0 gave,
 * with the matrix: drawing and boosting that round again, for nobody, puts the same bins there.
 */
function restoreFirstRoundBins(training: DMatrix, params: XgboostParameters): void {
  using booster = Booster.create([training])
  booster.set(params)
  booster.update(0, training)
}

/** A metric without a value, such as the AUC of a single class, is left out. */
function evaluateMetrics(
  booster: Booster,
  round: number,
  matrices: readonly DMatrix[],
  model: ResolvedBoostingOptions,
) {
  const [training, validation] = booster.evaluate(round - 1, matrices)
  const metrics = objectiveMetrics[model.objective]
  const loss = training![0]!
  if (!Number.isFinite(loss)) throw nanLoss(metrics[0], loss, round, model.learningRate)
  const values: Record<string, number> = {}
  metrics.forEach((metric, i) => {
    values[metric] = training![i]!
    if (validation) values[validationMetricName(metric)] = validation[i]!
  })
  return Object.fromEntries(Object.entries(values).filter(([, value]) => Number.isFinite(value)))
}

const nanLoss = (metric: string, loss: number, round: number, learningRate: number) =>
  new TrainingFailure(
    'nan_loss',
    `${metric} became ${loss} in round ${round}, with a learning rate of ${learningRate}; try a lower one, or look for huge values in the target`,
  )
