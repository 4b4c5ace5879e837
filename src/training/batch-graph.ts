import type { Node, Tensor } from '../graph/graph.js'
import { equal } from '../graph/ops/compare.js'
import { scalar } from '../graph/ops/constant.js'
import type { ChooseConvKernels } from '../graph/ops/conv-kernels.js'
import { addN, cast } from '../graph/ops/math.js'
import { nativeNormalize } from '../graph/ops/native-batch-norm.js'
import { stockNormalize } from '../graph/ops/normalize.js'
import { argMax, reduceMean } from '../graph/ops/reduce.js'
import { createLayers, type Layers } from '../nets/layers.js'
import type { Variables } from '../nets/variables.js'
import type { WeightCopies } from '../nets/weight-copies.js'
import type { NetworkOptions } from '../spec/model-options.js'
import type { TrainingKernels } from '../spec/training-kernels.js'
import { defaultL2, type Precision, type TrainingPlan } from '../spec/training-options.js'
import type { Engine } from './augment.js'
import { augmentBatch } from './augmented-batch.js'
import { type ImageFormat, normalizeBatch } from './images.js'
import type { InputPipeline } from './input-pipeline.js'
import { batchLoss } from './loss.js'
import { buildNetwork } from './network.js'

export interface BatchGraphOptions {
  variables: Variables
  /** Copies of weights to compute with, which the batches of a run share; absent if they compute with the weights. */
  copies: WeightCopies | undefined
  input: InputPipeline
  seed: Tensor
  model: NetworkOptions
  images: ImageFormat
  classes: number
  classWeights: readonly number[] | undefined
  plan: Pick<TrainingPlan, 'augment' | 'labelSmoothing' | 'l2' | 'precision'>
  /** Images of the batch. */
  batchSize: number
  engine: Engine
  batchNorm: TrainingKernels
  convKernels: ChooseConvKernels | undefined
}

/** Where the nodes of a batch belong. */
export interface BatchPlace {
  /** Begins the names of its nodes. */
  scope: string
  /** As `Node.device`. */
  device: string
  /** The index of the batch within the job; seeds its random ops. */
  index: Tensor
  /** The images of the batch are read after these. */
  after: readonly Tensor[]
  /** Whether the backward pass finds the outputs of a node of this name, or computes them again. */
  isKept: ((name: string) => boolean) | undefined
}

/** A batch in training: its forward pass, up to the loss. */
export interface BatchGraph {
  loss: Tensor
  weightedLoss: Tensor | null
  accuracy: Tensor
  l2Penalty: Tensor
  layers: Layers
  /** Its images and labels, as they were read. */
  read: readonly Tensor[]
  isKept: ((node: Node) => boolean) | undefined
  /** Creates nodes on the device of the batch, with names like its own. */
  onDevice<T>(body: () => T): T
}

/** Creates the graph of a batch. All batches use the same variables, which are on the first device. */
export function buildBatch(options: BatchGraphOptions, place: BatchPlace): BatchGraph {
  const { variables, copies, input, seed, model, images, classes, plan, engine } = options
  const { scope, device, index, after, isKept } = place
  const { graph } = variables
  const onDevice = <T>(body: () => T): T =>
    graph.nameScope(null, () => graph.nameScope(scope, () => graph.onDevice(device, body)))
  return onDevice(() => {
    const trainingLayers = createLayers(variables, 'training', {
      rng: { seed, step: index },
      ...(copies && { copies }),
      normalize: options.batchNorm === 'own' ? nativeNormalize : stockNormalize,
      convKernels: options.convKernels,
    })
    const layers = trainingLayers.argScope({ conv2d: { l2: plan.l2 ?? defaultL2[model.kind] } })
    // it has variables and iterators of its own, which are not copied
    const read = graph.onDevice('', () => input.training(index, after))
    const { pixels, ...labels } = augmentBatch(read, {
      plan,
      batchSize: options.batchSize,
      images,
      classes,
      rng: { seed, batch: index },
      engine,
    })
    const logits = forwardPass(pixels, layers, options, plan.precision)
    const isCorrect = equal(cast(argMax(logits, 1), 'int32'), labels.labels)
    const accuracy = reduceMean(cast(isCorrect, 'float32'))
    const { loss, weightedLoss } = batchLoss(logits, labels, {
      classWeights: options.classWeights ?? null,
      labelSmoothing: plan.labelSmoothing,
    })
    const penalties = layers.regularizationLosses
    const l2Penalty = penalties.length > 0 ? addN(penalties) : scalar(graph, 0)
    const kept = isKept && (({ name }: Node) => isKept(name))
    return { loss, weightedLoss, accuracy, l2Penalty, layers, read, isKept: kept, onDevice }
  })
}

export const forwardPass = (
  pixels: Tensor,
  layers: Layers,
  { images, model, classes }: Pick<BatchGraphOptions, 'images' | 'model' | 'classes'>,
  precision: Precision,
): Tensor => buildNetwork(layers, normalizeBatch(pixels, images), model, classes, precision)
