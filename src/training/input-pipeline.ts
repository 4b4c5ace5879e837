import type { Graph, Node, Tensor } from '../graph/graph.js'
import type { Signature } from '../graph/saved-model.js'
import type { TrainingPlan } from '../spec/training-options.js'
import type { ImageFormat } from './images.js'

/** How many records a run trains and validates on. */
export interface RecordCounts {
  training: number
  validation: number
}

export interface InputPipelineOptions {
  graph: Graph
  images: ImageFormat
  plan: Pick<TrainingPlan, 'batchSize' | 'shuffleBuffer' | 'input'>
  seed: Tensor
}

/** How records come into a training graph. */
export interface InputPipeline {
  readonly signatures: Readonly<Record<string, Signature>>
  /** Pixels and labels of the batch behind `before` others of the job; what counts batches must come after them. */
  training(batchIndex: Tensor): readonly Tensor[]
  /** The next pixels and labels that are held out; the last batch may be smaller. */
  evaluation(): readonly Tensor[]
  /** Effects that write what a checkpoint must hold besides the step. */
  save(bundle: Tensor): Node[]
  restore(bundle: Tensor): Node[]
}
