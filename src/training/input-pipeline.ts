import type { Graph, Node, Tensor } from '../graph/graph.js'
import type { Signature } from '../graph/saved-model.js'
import { shardsOf } from '../spec/shards.js'
import type { TrainingPlan } from '../spec/training-options.js'
import type { ImageFormat } from './images.js'

/** Number of records that a run trains and validates on. */
export interface RecordCounts {
  training: number
  validation: number
}

/** Whether the records to validate on are chosen by class, so that `RecordRange.selected` lists them. */
export const isSplitByClass = ({ validation }: Pick<TrainingPlan, 'validation'>): boolean =>
  'holdOut' in validation && validation.by === 'class'

/** The options of the plan that change the input pipeline. */
export type InputOption =
  | 'batchSize'
  | 'shards'
  | 'shuffleBuffer'
  | 'input'
  | 'validation'
  | 'validationClasses'

/** Images that are computed together in training: those of a batch, or of one of its micro-batches. */
export const microBatchSize = (plan: Pick<TrainingPlan, 'batchSize' | 'shards'>): number =>
  plan.batchSize / shardsOf(plan)

export interface InputPipelineOptions {
  graph: Graph
  images: ImageFormat
  /** How the images to validate on are stored, if not as `images`. */
  validationImages?: ImageFormat | undefined
  plan: Pick<TrainingPlan, InputOption>
  seed: Tensor
}

/** Feeds records into a training graph, from memory or as a stream. */
export interface InputPipeline {
  readonly signatures: Readonly<Record<string, Signature>>
  /**
   * Pixels and labels of the job's batch number `batchIndex`, or of its micro-batch of this number, counted from 0. It is
   * read after the tensors of `after`: those of the batch before, if a run reads several.
   */
  training(batchIndex: Tensor, after?: readonly Tensor[]): readonly Tensor[]
  /**
   * The next pixels and labels of the validation data; its labels are those of the training data. The
   * last batch may be smaller.
   */
  evaluation(): readonly Tensor[]
  /** Effects that write the input's own state to a checkpoint. */
  save(bundle: Tensor): Node[]
  restore(bundle: Tensor): Node[]
}
