import { TrainyardError } from '../errors.js'
import { objectiveMetrics, validationName } from '../spec/boosting-metrics.js'
import type { Boosting } from '../spec/boosting-options.js'
import type { Phase } from '../spec/job.js'
import type { MetricRow } from '../spec/metrics.js'
import { Cadence, type Snapshots } from '../training-control/checkpoint-schedule.js'
import { type BestBy, type EarlyStopping, Judgement } from '../training-control/early-stopping.js'
import { Booster, type ModelFormat } from './booster.js'
import { Matrix } from './matrix.js'
import { type Parameters, parameters, runParameters } from './parameters.js'
import type { Table } from './training-table.js'

const usualSeconds = 10

export interface BoostingInput {
  /** `model.rounds` trees in all, those of `resume` included. */
  model: Boosting
  /** How many, where the objective is multiclass. */
  classes: number | null
  seed: number
  training: Table
  validation: Table | null
  earlyStopping: EarlyStopping | null
  /** Rounds between two rows of metrics; the last round has one anyway. */
  displayEvery: number
  snapshots: Snapshots
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
  goOn(): Promise<boolean>
}

export interface Boosted {
  /** False where `goOn` said no. */
  finished: boolean
  rounds: number
  /** The round with the best value of the early-stopping metric: the model to publish has as many. */
  best: number | null
  stoppedEarly: boolean
}

/**
 * Boosts up to `model.rounds` trees, to where it gets no better, or to where `goOn` says no. A
 * checkpoint holds the random state beside the trees, and margins are summed in the order of rounds,
 * so a job that was cut anywhere ends in the bytes of one that was not.
 */
export async function trainBoosting(input: BoostingInput, hooks: BoostingHooks): Promise<Boosted> {
  hooks.phase('preparing', 0)
  const { model, classes, seed, device, threads, resume } = input
  using training = matrixOf(input.training, input)
  using validation = input.validation && matrixOf(input.validation, input, training)
  const matrices = validation ? [training, validation] : [training]
  using booster = resume ? Booster.unserialise(resume, matrices) : Booster.create(matrices)
  const { columns } = input.training
  const chosen = parameters(model, columns, classes, { seed, device, threads })
  if (resume && model.treeMethod === 'approx') binAsFirstRoundDid(training, chosen)
  booster.set(resume ? runParameters({ device, threads }) : chosen)
  booster.describe(columns)

  // of equals the earlier round, which has fewer trees
  const bestBy: BestBy | null = input.earlyStopping && {
    ...input.earlyStopping,
    ofEquals: 'earlier',
  }
  const judgement = new Judgement(bestBy, input.earlyStopping)
  let round = resume ? booster.rounds : 0
  for (const row of input.history ?? []) if (row.step <= round) judgement.see(row)
  let saved = round
  const cadence = new Cadence(input.snapshots, { seconds: usualSeconds, epoch: null })
  const checkpoint = async (best: boolean) => {
    hooks.phase('saving', round)
    await cadence.save(() => hooks.checkpoint(round, booster.serialise(), best))
    hooks.phase('training', round)
    saved = round
  }
  const ended = (finished: boolean): Boosted => ({
    finished,
    rounds: round,
    best: judgement.best,
    stoppedEarly: judgement.stop,
  })

  hooks.phase('training', round)
  while (round < model.rounds && !judgement.stop) {
    const since = performance.now()
    booster.update(round, training)
    round++
    const seconds = (performance.now() - since) / 1000

    const last = round === model.rounds
    if (round % input.displayEvery === 0 || last) {
      const measured = measure(booster, round, matrices, model)
      const examplesPerSecond = input.training.rows / seconds
      const row = { step: round, time: new Date().toISOString(), values: measured }
      judgement.see(row)
      await hooks.row({ ...row, values: { ...measured, examplesPerSecond } })
    }
    const best = judgement.best === round
    if (cadence.due(round) || last || judgement.stop) await checkpoint(best)
    if (!last && !judgement.stop && !(await hooks.goOn())) {
      if (saved < round) await checkpoint(best)
      return ended(false)
    }
  }
  return ended(true)
}

/** The model in a checkpoint, as any XGBoost reads it. */
export function exportBoosting(checkpoint: Uint8Array, format: ModelFormat): Uint8Array {
  using booster = Booster.unserialise(checkpoint)
  return booster.save(format)
}

/** Only hist trains on bins; the other methods need the values. */
function matrixOf(table: Table, { model, threads }: BoostingInput, reference?: Matrix): Matrix {
  if (model.treeMethod !== 'hist') return Matrix.whole(table, threads)
  const { maxBins } = model
  return Matrix.quantile(table, reference ? { maxBins, threads, reference } : { maxBins, threads })
}

/**
 * Where second derivatives are constant, approx keeps the bins that the rows drawn for round 0 gave,
 * with the matrix: drawing and boosting that round again, for nobody, puts the same bins there.
 */
function binAsFirstRoundDid(training: Matrix, chosen: Parameters): void {
  using booster = Booster.create([training])
  booster.set(chosen)
  booster.update(0, training)
}

/** A metric without a value, such as the AUC of a single class, is left out. */
function measure(booster: Booster, round: number, matrices: readonly Matrix[], model: Boosting) {
  const [training, validation] = booster.evaluate(round - 1, matrices)
  const metrics = objectiveMetrics[model.objective]
  const loss = training![0]!
  if (!Number.isFinite(loss)) throw nanLoss(metrics[0], loss, round, model.learningRate)
  const values: Record<string, number> = {}
  metrics.forEach((metric, i) => {
    values[metric] = training![i]!
    if (validation) values[validationName(metric)] = validation[i]!
  })
  return Object.fromEntries(Object.entries(values).filter(([, value]) => Number.isFinite(value)))
}

const nanLoss = (metric: string, loss: number, round: number, learningRate: number) =>
  new TrainyardError(
    'nan_loss',
    'invalid',
    `${metric} became ${loss} in round ${round}, with a learning rate of ${learningRate}; try a lower one, or look for huge values in the target`,
  )
