import { TrainyardError } from '../errors.js'
import type { Session } from '../graph/session.js'
import type { Phase } from '../spec/job.js'
import type { MetricRow } from '../spec/metrics.js'
import type { TrainingPlan } from '../spec/training-options.js'
import { startEvaluation, startInput } from './input.js'
import { learningRateAt } from './learning-rate.js'
import type { Records } from './records.js'

export interface LoopInput {
  /** A session on the program of `buildTrainingProgram`. */
  session: Session
  plan: TrainingPlan
  training: Records
  /** Empty where nothing is held out. */
  validation: Records
  /** Prefixes of the bundles that hold step `step`. */
  resume: { step: number; model: string; input: string } | null
  /** Prefix of the bundle that a fresh run begins with, where the program was built for one. */
  initFrom?: string | undefined
}

/** What the loop tells its surroundings, and asks of them. */
export interface LoopHooks {
  phase(phase: Phase, step: number): void
  row(row: MetricRow): Promise<void>
  /** `save` writes the bundles; what it wrote counts when the promise resolves. */
  checkpoint(step: number, save: (model: string, input: string) => void): Promise<void>
  /** Asked after each step: false ends the loop there, behind a checkpoint. */
  goOn(): Promise<boolean>
}

/**
 * Trains to the plan's last step, or to where `goOn` says no; true at the last step. The same session
 * state and the same batches follow from a step wherever an earlier run was cut, so a resumed job
 * ends in the same bytes.
 */
export async function runTraining(input: LoopInput, hooks: LoopHooks): Promise<boolean> {
  const { session, plan, training, resume } = input
  session.run('init', { seed: plan.seed })
  startInput(session, plan, training, input.validation)
  if (!resume && input.initFrom) session.run('initialize', { model: input.initFrom })
  if (resume) session.run('restore', { model: resume.model, input: resume.input })

  const save = (model: string, bundle: string) => session.run('save', { model, input: bundle })
  let step = resume?.step ?? 0
  let saved = step
  hooks.phase('training', step)
  while (step < plan.steps) {
    const learningRate = learningRateAt(step + 1, plan.steps, plan.learningRate)
    const since = performance.now()
    const fetched = session.run('train', { learningRate })
    const seconds = (performance.now() - since) / 1000
    step = fetched.number('step')
    const loss = fetched.number('loss')
    if (!Number.isFinite(loss)) throw nanLoss(step, loss, learningRate)

    const last = step === plan.steps
    if (step % plan.displayEvery === 0 || last) {
      const accuracy = fetched.number('accuracy')
      const examplesPerSecond = plan.batchSize / seconds
      await hooks.row(row(step, { loss, accuracy, learningRate, examplesPerSecond }))
    }
    if ((step % plan.stepsPerEpoch === 0 || last) && input.validation.count > 0) {
      hooks.phase('evaluating', step)
      await hooks.row(row(step, evaluate(session, plan, input.validation)))
      if (!last) hooks.phase('training', step)
    }
    if (step % plan.snapshotEvery === 0 || last) {
      await hooks.checkpoint(step, save)
      saved = step
    }
    if (!last && !(await hooks.goOn())) {
      if (saved < step) await hooks.checkpoint(step, save)
      return false
    }
  }
  return true
}

function evaluate(session: Session, plan: TrainingPlan, validation: Records) {
  const { count } = validation
  startEvaluation(session, plan, validation)
  let loss = 0
  let correct = 0
  for (let seen = 0; seen < count; seen += plan.batchSize) {
    const sums = session.run('evaluate')
    loss += sums.number('lossSum')
    correct += sums.number('correct')
  }
  return { validationLoss: loss / count, validationAccuracy: correct / count }
}

const row = (step: number, values: MetricRow['values']): MetricRow => ({
  step,
  time: new Date().toISOString(),
  values,
})

const nanLoss = (step: number, loss: number, learningRate: number) =>
  new TrainyardError(
    'nan_loss',
    'invalid',
    `the loss became ${loss} at step ${step}, with a learning rate of ${learningRate}; try a lower one`,
  )
