import type { TrainerTask } from '../../src/spec/ipc-messages.js'
import { isBoosting, isPrediction, stepsOf } from '../../src/spec/job.js'

/** What an estimate of the remaining time must know about a job. */
export interface EtaPlan {
  /** Number of the last step. */
  steps: number
  /** Steps between two evaluations; the last step has one too. Null if a job has no evaluations, or none apart from its steps. */
  validateEvery: number | null
  /** Assumed time of an evaluation, in steps, until the first one has been measured. */
  stepsPerEvaluation: number
}

/** A batch that is only evaluated takes about a third of the time: there is no backward pass. */
const evaluationShare = 1 / 3

export function etaPlan({ job, validation }: TrainerTask): EtaPlan {
  // a boosting round with a row is evaluated before the row is written; a prediction is evaluated as it is made
  if (isBoosting(job) || isPrediction(job)) {
    return { steps: stepsOf(job), validateEvery: null, stepsPerEvaluation: 0 }
  }
  const { steps, validateEvery, batchSize, accumulateSteps, validation: source } = job.training
  const records = validation?.records ?? ('holdOut' in source ? source.holdOut : 0)
  const batches = Math.ceil(records / batchSize)
  return {
    steps,
    validateEvery: records > 0 ? validateEvery : null,
    stepsPerEvaluation: (batches * evaluationShare) / accumulateSteps,
  }
}

/** Assumed time of the last checkpoint and of publishing the model, if checkpoints are quick. */
const minSavingSeconds = 1
/** Publishing a model takes about as long as a checkpoint, which is written just before. */
const checkpointsPerSaving = 2
/** Weight of the newest checkpoint in the average of checkpoints. */
const checkpointWeight = 0.3
/** The pace is an average over the last steps; older ones count exponentially less. */
const minMemorySeconds = 30
const minMemorySteps = 20
/** Weight of the newest evaluation in the average of evaluations. */
const evaluationWeight = 0.3
/** The first one includes its own warm-up, so it counts less, and the second one replaces most of it. */
const firstEvaluationWeights = [0.5, 0.7]
/** The first estimate needs this many measurements, over this time or this share of all steps. */
const minMeasurements = 3
const minMeasuredSeconds = 1
const minMeasuredShare = 0.05

/**
 * Estimates the time until an attempt ends, from its wall clock. Steps have an exponentially weighted
 * pace. Evaluations, with the checkpoints that follow them, have an average time of their own: spread
 * over the steps, they would make the estimate jump whenever one ends. Other pauses, such as
 * checkpoints between two evaluations, are part of the pace. The first steps are left out, since they
 * include the engine's warm-up. Times are in seconds, from any origin.
 */
export class EtaEstimator {
  private last: { step: number; at: number } | null = null
  private isWarm = false
  private measurements = 0
  private measuredSteps = 0
  private measuredSeconds = 0
  /** Decaying sums, whose ratio is the pace. */
  private recentSteps = 0
  private recentSeconds = 0
  private evaluations = 0
  private averageEvaluation = 0
  /** Time since the last step, if it has an evaluation. */
  private currentEvaluation = 0
  private averageCheckpoint: number | null = null
  private savingSince: number | null = null

  constructor(private readonly plan: EtaPlan) {}

  /**
   * Call when training begins, and after everything that is reported, such as rows and evaluations.
   * `step` is the last step that was done.
   */
  observe(step: number, at: number): void {
    const previous = this.last
    this.last = { step, at }
    if (!previous) return
    const seconds = at - previous.at
    const steps = step - previous.step
    if (steps > 0) this.addSteps(steps, seconds)
    else if (this.hasEvaluation(step)) this.currentEvaluation += seconds
    else if (this.isWarm) this.addPause(seconds)
  }

  /** Call, instead of `observe`, after a checkpoint. */
  observeCheckpoint(step: number, at: number): void {
    const previous = this.last
    this.observe(step, at)
    // without a report of the step itself, its time is unknown
    if (previous?.step !== step) return
    const seconds = at - previous.at
    this.averageCheckpoint ??= seconds
    this.averageCheckpoint += checkpointWeight * (seconds - this.averageCheckpoint)
  }

  /** Call when the model is being saved and no step follows, even if steps are left. */
  startSaving(at: number): void {
    this.savingSince ??= at
  }

  /** Returns the estimate; null until the pace is known. */
  secondsLeft(at: number): number | null {
    if (this.savingSince !== null) return Math.max(0, this.savingSeconds - (at - this.savingSince))
    if (!this.last || !this.isKnown) return null
    const { step, at: observedAt } = this.last
    const evaluation = this.evaluationSeconds
    const current = this.hasEvaluation(step) ? Math.max(0, evaluation - this.currentEvaluation) : 0
    const left =
      (this.plan.steps - step) * this.pace +
      this.evaluationsAfter(step) * evaluation +
      current +
      this.savingSeconds
    return Math.max(0, left - (at - observedAt))
  }

  private get isKnown(): boolean {
    return (
      this.measurements >= minMeasurements &&
      (this.measuredSeconds >= minMeasuredSeconds ||
        this.measuredSteps >= this.plan.steps * minMeasuredShare)
    )
  }

  /** Seconds per step. */
  private get pace(): number {
    return this.recentSteps > 0 ? this.recentSeconds / this.recentSteps : 0
  }

  private get evaluationSeconds(): number {
    return this.evaluations > 0 ? this.averageEvaluation : this.plan.stepsPerEvaluation * this.pace
  }

  private get savingSeconds(): number {
    return Math.max(minSavingSeconds, checkpointsPerSaving * (this.averageCheckpoint ?? 0))
  }

  private addSteps(steps: number, seconds: number): void {
    this.endEvaluation()
    if (!this.isWarm) {
      this.isWarm = true
      return
    }
    this.measurements++
    this.measuredSteps += steps
    this.measuredSeconds += seconds
    this.addPause(seconds)
    this.recentSteps += steps
  }

  private addPause(seconds: number): void {
    const memory = Math.max(minMemorySeconds, minMemorySteps * this.pace)
    const decay = Math.exp(-seconds / memory)
    this.recentSteps *= decay
    this.recentSeconds = this.recentSeconds * decay + seconds
  }

  private endEvaluation(): void {
    if (this.currentEvaluation === 0) return
    const weight = firstEvaluationWeights[this.evaluations] ?? evaluationWeight
    if (this.evaluations === 0) this.averageEvaluation = this.evaluationSeconds
    this.evaluations++
    this.averageEvaluation += weight * (this.currentEvaluation - this.averageEvaluation)
    this.currentEvaluation = 0
  }

  private hasEvaluation(step: number): boolean {
    const { validateEvery, steps } = this.plan
    return validateEvery !== null && (step % validateEvery === 0 || step === steps)
  }

  private evaluationsAfter(step: number): number {
    const { validateEvery, steps } = this.plan
    if (validateEvery === null || step >= steps) return 0
    const last = steps % validateEvery === 0 ? 0 : 1
    return Math.floor(steps / validateEvery) - Math.floor(step / validateEvery) + last
  }
}
