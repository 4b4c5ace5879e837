import { TrainingFailure } from '../errors.js'
import type { Session } from '../graph/session.js'
import type { Phase } from '../spec/job.js'
import type { MetricRow } from '../spec/metrics.js'
import type { TrainingPlan } from '../spec/training-options.js'
import { CheckpointSchedule } from '../training-control/checkpoint-schedule.js'
import { EarlyStoppingTracker, networkCriterion } from '../training-control/early-stopping.js'
import { type EvaluationResult, evaluate } from './evaluate.js'
import { startInputPipeline } from './input.js'
import { learningRateAt } from './learning-rate.js'
import type { RecordRange } from './record-range.js'
import { type StepRuns, stepRuns } from './step-runs.js'

/** A checkpoint is also due at the end of each epoch. */
const defaultCheckpointSeconds = 60

export interface LoopInput {
  /** A session on the program of `buildTrainingProgram`. */
  session: Session
  plan: TrainingPlan
  training: RecordRange
  /** Names of the classes. */
  labels: readonly string[]
  /** Its count is 0 if there is no validation data. */
  validation: RecordRange
  /** The checkpoint to resume from: its step and the prefixes of its bundles. */
  resume: { step: number; model: string; input: string } | null
  /** The metric rows up to the resumed step. Early stopping is restored from them. */
  history?: readonly MetricRow[]
  /** The devices that the program computes on. Default: 1. */
  devices?: number
  /** Prefix of the bundle with initial weights. The program must have `initialize`. */
  initFrom?: string | undefined
}

/** Gradients that are not finite with a smaller one are so without fp16, too. */
const smallestLossScale = 2 ** -10

/** Called by the training loop as it runs. */
export interface LoopHooks {
  phase(phase: Phase, step: number): void
  row(row: MetricRow): Promise<void>
  /**
   * `save` writes the bundles to the given prefixes. The checkpoint is committed when the promise
   * resolves. `best`: this step has the best evaluation so far (`networkCriterion`). `result`: the
   * evaluation of this step, if there is one.
   */
  checkpoint(
    step: number,
    save: (model: string, input: string) => void,
    best: boolean,
    result: EvaluationResult | null,
  ): Promise<void>
  /** Called after each step. If it returns false, the loop writes a checkpoint and ends. */
  shouldContinue(): Promise<boolean>
}

/**
 * Trains until the plan's last step or early stopping. Returns false if `shouldContinue` ended it.
 * The state and batches after a step do not depend on where an earlier run was interrupted, so a
 * resumed job ends with the same bytes. Throws `nan_loss`, after a row of the step, if the loss is not
 * finite.
 */
export async function runTraining(input: LoopInput, hooks: LoopHooks): Promise<boolean> {
  const { session, plan, training, resume } = input
  session.run('init', { seed: plan.seed })
  startInputPipeline(session, plan, training, input.validation)
  if (!resume && input.initFrom) {
    const model = input.initFrom
    restoring(
      () => session.run('initialize', { model }),
      reason =>
        `the weights of initFrom cannot be restored: ${reason}; submit the job again with others`,
    )
  }
  if (resume) {
    const { model, input: bundle } = resume
    restoring(
      () => session.run('restore', { model, input: bundle }),
      reason =>
        `the checkpoint of step ${resume.step} cannot be restored: ${reason}; submit the job again`,
    )
  }

  const save = (model: string, bundle: string) => session.run('save', { model, input: bundle })
  const earlyStopping = new EarlyStoppingTracker(
    plan.keepBest && networkCriterion(plan.keepBest),
    plan.earlyStopping,
  )
  for (const row of input.history ?? []) earlyStopping.update(row)
  const runs = stepRuns(plan, input.devices)
  let step = resume?.step ?? 0
  let savedStep = step
  const checkpointSchedule = new CheckpointSchedule(
    { steps: plan.checkpointEvery, seconds: plan.checkpointSeconds ?? null },
    { seconds: defaultCheckpointSeconds, stepsPerEpoch: plan.stepsPerEpoch },
  )
  const checkpoint = async (best: boolean, result: EvaluationResult | null) => {
    await checkpointSchedule.save(() => hooks.checkpoint(step, save, best, result))
    savedStep = step
  }
  hooks.phase('training', step)
  while (step < plan.steps && !earlyStopping.shouldStop) {
    const learningRate = learningRateAt(step + 1, plan.steps, plan.learningRate)
    const startedAt = performance.now()
    const { metrics, step: newStep } = train(session, plan, runs, step, learningRate)
    step = newStep
    const seconds = (performance.now() - startedAt) / 1000
    const { lossScale = 1 } = metrics
    if (lossScale < smallestLossScale) throw gradientsOverflow(step, lossScale)
    const minimized = minimizedLoss(metrics)
    if (!Number.isFinite(minimized)) {
      // the last row says how the job ended
      await hooks.row(metricRow(step, { ...metrics, learningRate }))
      const noneFinite =
        step > plan.validateEvery && plan.keepBest && earlyStopping.bestStep === null
      throw nanLoss(step, minimized, learningRate, noneFinite ? `; ${noBestCheckpoint}` : '')
    }
    const isLastStep = step === plan.steps
    if (step % plan.logEvery === 0 || isLastStep) {
      const examplesPerSecond = (plan.batchSize * plan.accumulateSteps) / seconds
      await hooks.row(metricRow(step, { ...metrics, learningRate, examplesPerSecond }))
    }
    let result: EvaluationResult | null = null
    if ((step % plan.validateEvery === 0 || isLastStep) && input.validation.count > 0) {
      hooks.phase('evaluating', step)
      result = evaluate(session, plan, input.validation, input.labels)
      const evaluationRow = metricRow(step, result.values)
      await hooks.row(evaluationRow)
      earlyStopping.update(evaluationRow)
      if (!isLastStep) hooks.phase('training', step)
    }
    const best = earlyStopping.bestStep === step
    if (checkpointSchedule.isDue(step) || isLastStep || earlyStopping.shouldStop || best)
      await checkpoint(best, result)
    if (!isLastStep && !earlyStopping.shouldStop && !(await hooks.shouldContinue())) {
      if (savedStep < step) await checkpoint(false, result)
      return false
    }
  }
  return true
}

/** Runs all batches of step `step` + 1; the last run updates the weights. */
function train(
  session: Session,
  plan: TrainingPlan,
  { batches, atOnce, startFromZero, signatures }: StepRuns,
  step: number,
  learningRate: number,
) {
  const { seed } = plan
  const names = ['loss', 'accuracy', 'l2Penalty', ...(plan.classWeights ? ['weightedLoss'] : [])]
  const metrics = Object.fromEntries(names.map(name => [name, 0]))
  let newStep = step
  for (const [i, signature] of signatures.entries()) {
    const batch = step * batches + i * atOnce
    const isLastRun = signature === 'train'
    const outputs = session.run(signature, { seed, batch, ...(isLastRun && { learningRate }) })
    // of micro-batches, the last run has the means
    const share = startFromZero ? batches : 1
    if (startFromZero || isLastRun) {
      for (const name of names) metrics[name]! += outputs.number(name) / share
    }
    if (!isLastRun) continue
    newStep = outputs.number('step')
    if (plan.lossScale === 'dynamic') metrics.lossScale = outputs.number('lossScale')
  }
  if (metrics.l2Penalty === 0) delete metrics.l2Penalty
  return { metrics, step: newStep }
}

/** What the optimizer lowers: the data loss, weighted if classes have weights, and the L2 penalty. */
const minimizedLoss = ({ loss, weightedLoss, l2Penalty }: MetricRow['values']): number =>
  (weightedLoss ?? loss)! + (l2Penalty ?? 0)

const metricRow = (step: number, values: MetricRow['values']): MetricRow => ({
  step,
  time: new Date().toISOString(),
  values,
})

/** Part of the message of a job whose evaluations all had a loss of NaN or infinity. */
export const noBestCheckpoint = 'no evaluation had a finite loss, so no checkpoint is the best'

/** The files match their checksums, so a restore that fails would fail again, unless memory was short. */
function restoring(restore: () => void, describe: (reason: string) => string): void {
  try {
    restore()
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    if (/OOM when allocating|Resource ?Exhausted/i.test(reason)) throw cause
    throw new TrainingFailure('invalid', describe(reason), { cause })
  }
}

const nanLoss = (step: number, loss: number, learningRate: number, consequence: string) =>
  new TrainingFailure(
    'nan_loss',
    `the loss became ${loss} at step ${step}, with a learning rate of ${learningRate}; try a lower one${consequence}`,
  )

const gradientsOverflow = (step: number, lossScale: number) =>
  new TrainingFailure(
    'nan_loss',
    `the gradients are NaN or infinite at step ${step} even with a loss scale of ${lossScale}; try a lower learning rate, or bf16`,
  )
