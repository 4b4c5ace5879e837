import type { DatasetManifest } from '../spec/dataset.js'
import type { Notes } from '../spec/notes.js'
import { ServingOptions, type ServingPlan } from '../spec/serving-options.js'
import type { TrainingPlan } from '../spec/training-options.js'
import { withDefaults } from '../spec/with-defaults.js'

/** Fills in how a network is served, and notes what its precision will be measured on. */
export function planServing(
  request: ServingOptions = {},
  { validation }: Pick<TrainingPlan, 'validation'>,
  validationSet: DatasetManifest | null,
  notes: Notes,
): ServingPlan {
  const plan = withDefaults(ServingOptions, request)
  const hasValidation =
    validationSet !== null || ('holdOut' in validation && validation.holdOut > 0)
  if (!hasValidation && (plan.precision === 'int8' || plan.precision === 'bf16')) {
    const message = `there is no validation data, so what serving.precision '${plan.precision}' costs is measured on images that the model was trained on; training.validation changes that`
    notes.add('precision_measured_in_training', message)
  }
  return plan
}
