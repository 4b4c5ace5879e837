import type { Graph, Node, Tensor } from '../graph/graph.js'
import type { Signature } from '../graph/saved-model.js'
import type { Session } from '../graph/session.js'
import type { TrainingPlan } from '../spec/training-options.js'
import type { ImageFormat } from './images.js'
import type { Records } from './records.js'
import { fillResident, residentInput } from './resident.js'
import { startHeldStream, startStream, streamedInput } from './streamed.js'

/** How many records a run trains and validates on. */
export interface RecordCounts {
  training: number
  validation: number
}

export interface InputOptions {
  graph: Graph
  images: ImageFormat
  plan: Pick<TrainingPlan, 'batchSize' | 'shuffleBuffer' | 'input'>
  seed: Tensor
}

/** How records come into a training graph. */
export interface Input {
  readonly signatures: Readonly<Record<string, Signature>>
  /** Pixels and labels of the batch behind `before` others of the job; what counts batches must come after them. */
  training(before: Tensor): readonly Tensor[]
  /** The next pixels and labels that are held out; the last batch may be smaller. */
  evaluation(): readonly Tensor[]
  /** Effects that write what a checkpoint must hold besides the step. */
  save(bundle: Tensor): Node[]
  restore(bundle: Tensor): Node[]
}

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
