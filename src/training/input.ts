import type { Tensor } from '../graph/graph.js'
import { constant } from '../graph/ops/constant.js'
import { gather } from '../graph/ops/gather.js'
import type { Session } from '../graph/session.js'
import type { TrainingPlan } from '../spec/training-options.js'
import { inMemoryInput, loadInMemory } from './in-memory-input.js'
import type { InputPipeline, InputPipelineOptions, RecordCounts } from './input-pipeline.js'
import type { RecordRange } from './record-range.js'
import { startTrainingStream, startValidationStream, streamingInput } from './streaming-input.js'

export function buildInputPipeline(
  options: InputPipelineOptions,
  counts: RecordCounts,
): InputPipeline {
  const { graph, plan } = options
  const input = isInMemory(plan) ? inMemoryInput(options, counts) : streamingInput(options)
  const { validationClasses } = plan
  if (!validationClasses) return input
  return {
    ...input,
    evaluation() {
      const [pixels, labels] = input.evaluation() as [Tensor, Tensor]
      return [pixels, gather(constant(graph, validationClasses, { dtype: 'int32' }), labels)]
    },
  }
}

/** Prepares the first batch. If the run resumes from a checkpoint, call this before `restore`. */
export function startInputPipeline(
  session: Session,
  plan: TrainingPlan,
  training: RecordRange,
  validation: RecordRange,
): void {
  if (isInMemory(plan)) loadInMemory(session, training, validation, plan.seed)
  else startTrainingStream(session, training, plan.seed)
}

export function startEvaluation(
  session: Session,
  plan: TrainingPlan,
  validation: RecordRange,
): void {
  if (isInMemory(plan)) session.run('startEvaluation')
  else startValidationStream(session, validation)
}

/** Jobs that are older than in-memory input have no `input`; their checkpoints hold an iterator. */
const isInMemory = ({ input = 'streaming' }: Pick<TrainingPlan, 'input'>) => input === 'in-memory'
