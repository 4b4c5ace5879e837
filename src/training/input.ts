import type { Session } from '../graph/session.js'
import type { TrainingPlan } from '../spec/training-options.js'
import { fillResident, residentInput } from './in-memory-input.js'
import type { Input, InputOptions, RecordCounts } from './input-pipeline.js'
import type { Records } from './record-range.js'
import { startHeldStream, startStream, streamedInput } from './streaming-input.js'

export function buildInput(options: InputOptions, counts: RecordCounts): Input {
  return isResident(options.plan) ? residentInput(options, counts) : streamedInput(options)
}

/** Makes the first batch of a run ready; where it goes on from a checkpoint, before that is restored. */
export function startInput(
  session: Session,
  plan: TrainingPlan,
  training: Records,
  validation: Records,
): void {
  if (isResident(plan)) fillResident(session, training, validation, plan.seed)
  else startStream(session, training, plan.seed)
}

export function startEvaluation(session: Session, plan: TrainingPlan, validation: Records): void {
  if (isResident(plan)) session.run('startEvaluation')
  else startHeldStream(session, validation)
}

/** A job from before there were two forms does not say; its checkpoints hold an iterator. */
const isResident = ({ input = 'streamed' }: Pick<TrainingPlan, 'input'>) => input === 'resident'
