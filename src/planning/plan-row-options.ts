import type { FieldErrors } from '../errors.js'
import {
  type BoostingObjective,
  type BoostingOptions,
  isClassification,
} from '../spec/boosting-options.js'
import type { BoostingTrainingRequest, Classes } from '../spec/boosting-training.js'
import type { ClassWeightsPlan } from '../spec/class-weights.js'
import type { NonTextColumn } from './feature-columns.js'
import { planClassWeights } from './plan-class-weights.js'
import { offsetColumnError } from './plan-columns.js'

/** Balanced weights depend on the rows that are trained on, so a trainer computes them. */
export function planBoostingClassWeights(
  { classWeights }: BoostingTrainingRequest,
  { scalePosWeight }: BoostingOptions,
  objective: BoostingObjective,
  classes: Classes | null,
  errors: FieldErrors,
): ClassWeightsPlan | 'balanced' | null {
  if (classWeights === undefined) return null
  const path = '/training/classWeights'
  if (!isClassification(objective)) {
    const message = `classWeights weight classes, and objective ${objective} has none: leave them out, or weight rows by sampleWeight`
    errors.add(path, 'contradiction', message)
    return null
  }
  if (scalePosWeight !== undefined) {
    const message =
      'classWeights and model.scalePosWeight both weight the classes: give one of them'
    errors.add(path, 'contradiction', message)
  }
  if (classWeights === 'balanced' || !classes) return 'balanced'
  const { labels } = classes
  return planClassWeights(
    classWeights,
    labels,
    labels.map(() => 1),
    errors,
  )
}

/** Adds an error if the offset cannot be added to the margins of the objective. */
export function checkOffset(
  offset: NonTextColumn | null,
  { baseScore, quantile }: BoostingOptions,
  objective: BoostingObjective,
  errors: FieldErrors,
): void {
  if (!offset) return
  const path = '/training/offset'
  const problem = offsetColumnError(offset)
  errors.addIf(path, 'wrong_type', problem && `'${offset.name}' ${problem}`)
  if (objective === 'multiclass' || (Array.isArray(quantile) && quantile.length > 1)) {
    const what = objective === 'multiclass' ? 'class' : 'quantile'
    const message = `objective ${objective} has a margin for each ${what}, and an offset is one number: leave it out`
    errors.add(path, 'contradiction', message)
  }
  if (baseScore !== undefined) {
    const message = 'predictions start from the offset, so baseScore has no effect: leave it out'
    errors.add('/model/baseScore', 'contradiction', message)
  }
}
