import { gradients } from '../graph/autodiff.js'
import { Graph, type Node, type Tensor } from '../graph/graph.js'
import { restoreTensors, saveTensors } from '../graph/ops/checkpoint.js'
import { equal } from '../graph/ops/compare.js'
import { constant, placeholder, scalar } from '../graph/ops/constant.js'
import { identity } from '../graph/ops/control.js'
import {
  deserializeIterator,
  iterator,
  next,
  serializeIterator,
  startIterator,
} from '../graph/ops/iterator.js'
import { addN, cast, mul } from '../graph/ops/math.js'
import { argMax, reduceMean, reduceSum } from '../graph/ops/reduce.js'
import { sparseSoftmaxCrossEntropy } from '../graph/ops/softmax.js'
import { assign, assignAdd, read, type Variable, variable } from '../graph/ops/state.js'
import type { SavedModelSpec } from '../graph/saved-model.js'
import { foldedValues } from '../nets/fold.js'
import { createLayers } from '../nets/layers.js'
import { Variables } from '../nets/variables.js'
import type { ModelOptions } from '../spec/model-options.js'
import type { Precision, TrainingPlan } from '../spec/training-options.js'
import { type ImageFormat, normalise } from './images.js'
import { evaluationBatches, trainingBatches } from './input.js'
import { network } from './network.js'
import { adam } from './optimizer.js'

export interface ProgramOptions {
  model: ModelOptions
  images: ImageFormat
  classes: number
  plan: Pick<TrainingPlan, 'batchSize' | 'optimizer' | 'shuffleBuffer' | 'seed' | 'precision'>
}

export interface Program extends SavedModelSpec {
  graph: Graph
  /** How many numbers training adjusts. */
  parameters: number
}

/**
 * A whole job as one graph: input pipeline, forward, backward, optimiser, evaluation, checkpoint.
 * Signatures: `init`, `start`, `train`, `startEvaluation`, `evaluate`, `save`, `restore`, `export`.
 */
export function buildTrainingProgram({ model, images, classes, plan }: ProgramOptions): Program {
  const graph = new Graph()
  const variables = new Variables(graph)
  const step = variable(graph, 'global_step', [], 'int64')
  const seed = placeholder(graph, 'seed', 'int32')
  const files = placeholder(graph, 'files', 'string', [-1])
  const done = (what: string, after: readonly (Node | Tensor)[]) => ({
    done: identity(scalar(graph, true, 'bool'), { name: what, after }),
  })
  const reading = { files, format: images, batchSize: plan.batchSize }

  const records = placeholder(graph, 'records', 'int32')
  const order = { records, seed, buffer: plan.shuffleBuffer }
  const batches = trainingBatches(reading, order)
  const input = iterator(graph, 'input', batches.element)
  const started = startIterator(input, batches)

  const skip = placeholder(graph, 'skip', 'int32')
  const held = evaluationBatches(reading, { skip })
  const heldInput = iterator(graph, 'evaluation_input', held.element)
  const evaluationStarted = startIterator(heldInput, held)

  const learningRate = placeholder(graph, 'learning_rate', 'float32')
  const training = graph.within('train', () => {
    const random = { seed: scalar(graph, plan.seed, 'int32'), step: cast(step.value, 'int32') }
    const layers = createLayers(variables, 'training', { random })
    const { loss, correct } = score(next(input), layers, plan.precision)
    const total = addN([reduceMean(loss), ...layers.penalties])
    const targets = variables.trainable
    const values = targets.map(({ value }) => value)
    const steps = slopes(total, values, plan.precision)
    const optimizer = adam(targets, steps, learningRate, plan.optimizer)
    const counted = assignAdd(step, constant(graph, [1], { dtype: 'int64', shape: [] }), {
      after: [random.step],
    })
    const after = [...optimizer.apply, ...layers.updates, counted]
    return {
      optimizer,
      outputs: {
        loss: identity(total, { name: 'loss', after }),
        accuracy: identity(reduceMean(correct), { name: 'accuracy', after }),
        step: cast(read(step, { after: [counted] }), 'int32'),
      },
    }
  })
  const evaluation = graph.within('evaluate', () => {
    // in fp32, as the model will be served
    const layers = createLayers(variables, 'inference')
    const { loss, correct } = score(next(heldInput), layers)
    const outputs = { lossSum: reduceSum(loss), correct: reduceSum(correct) }
    return { folds: layers.folds, outputs }
  })

  // a model keeps what was trained, to be trained on, beside the folded values that serving reads:
  // those have names of their own, so that neither is taken for the other
  const folded = graph.within('fold', () => foldedValues(evaluation.folds, variables.all))

  const state = [step, ...variables.all, ...training.optimizer.slots]
  const bundle = placeholder(graph, 'model', 'string')
  const inputBundle = placeholder(graph, 'input_state', 'string')
  const bundles = { model: bundle, input: inputBundle }
  const saved = [
    saveTensors(bundle, byName(state)),
    saveTensors(inputBundle, { iterator: serializeIterator(input) }),
  ]
  const restoredValues = restoreTensors(bundle, state)
  const [place] = restoreTensors(inputBundle, [{ name: 'iterator', dtype: 'variant', shape: [-1] }])
  const restored = [
    ...state.map((target, i) => assign(target, restoredValues[i]!)),
    deserializeIterator(input, place!),
  ]
  const zero = constant(graph, [0], { dtype: 'int64', shape: [] })
  const initialized = [
    ...variables.initialize(seed),
    ...training.optimizer.initialize,
    assign(step, zero),
  ]

  return {
    graph,
    parameters: variables.parameters,
    signatures: {
      init: { inputs: { seed }, outputs: done('initialized', initialized) },
      start: { inputs: { files, records, seed }, outputs: done('started', [started]) },
      train: { inputs: { learningRate }, outputs: training.outputs },
      startEvaluation: {
        inputs: { files, skip },
        outputs: done('evaluation_started', [evaluationStarted]),
      },
      evaluate: { inputs: {}, outputs: evaluation.outputs },
      save: { inputs: bundles, outputs: done('saved', saved) },
      restore: { inputs: bundles, outputs: done('restored', restored) },
      export: {
        inputs: { model: bundle },
        outputs: done('exported', [saveTensors(bundle, { ...byName(variables.all), ...folded })]),
      },
    },
  }

  function score(
    [pixels, labels]: readonly Tensor[],
    layers: ReturnType<typeof createLayers>,
    precision: Precision = 'fp32',
  ) {
    const logits = network(layers, normalise(pixels!, images), model, classes, precision)
    const hits = equal(cast(argMax(logits, 1), 'int32'), labels!)
    return { loss: sparseSoftmaxCrossEntropy(logits, labels!), correct: cast(hits, 'float32') }
  }
}

/** Keeps fp16's gradients above its smallest number, 6e-8, and far below its largest, 65504. */
const lossScale = 1024

function slopes(loss: Tensor, values: readonly Tensor[], precision: Precision): Tensor[] {
  if (precision !== 'fp16') return gradients(loss, values)
  return gradients(mul(loss, lossScale), values).map(slope => mul(slope, 1 / lossScale))
}

const byName = (variables: readonly Variable[]) =>
  Object.fromEntries(variables.map(({ name, value }) => [name, value]))
