import { gradients } from '../graph/autodiff.js'
import { Graph, type Tensor } from '../graph/graph.js'
import { check } from '../graph/graph-error.js'
import { restoreTensors, saveTensors } from '../graph/ops/checkpoint.js'
import { equal } from '../graph/ops/compare.js'
import { constant, placeholder } from '../graph/ops/constant.js'
import { identity } from '../graph/ops/control.js'
import { addN, cast } from '../graph/ops/math.js'
import { argMax, reduceMean, reduceSum } from '../graph/ops/reduce.js'
import { sparseSoftmaxCrossEntropy } from '../graph/ops/softmax.js'
import { assign, assignAdd, read, type Variable, variable } from '../graph/ops/state.js'
import type { SavedModelSpec } from '../graph/saved-model.js'
import { Freeze } from '../nets/freeze.js'
import { createLayers } from '../nets/layers.js'
import { Variables } from '../nets/variables.js'
import type { Initialised } from '../spec/init-from.js'
import type { ModelOptions } from '../spec/model-options.js'
import type { TrainingPlan } from '../spec/training-options.js'
import type { WeightsTensor } from '../spec/weights.js'
import { done } from './done.js'
import { type ImageFormat, normalise } from './images.js'
import { assignFrom, matchWeights } from './init-from.js'
import { buildInput, type RecordCounts } from './input.js'
import { network } from './network.js'
import { adam } from './optimizer.js'

export interface ProgramOptions {
  model: ModelOptions
  images: ImageFormat
  classes: number
  plan: Pick<TrainingPlan, 'batchSize' | 'optimizer' | 'shuffleBuffer' | 'input'>
  /** Needed where the data are resident. */
  records?: RecordCounts
  /** Patterns of variables that are not trained. */
  freeze?: readonly string[]
  /** What the checkpoint has that the job begins with. */
  given?: readonly WeightsTensor[] | undefined
}

export interface Program extends SavedModelSpec {
  graph: Graph
  /** How many numbers training adjusts. */
  parameters: number
  /** What `initialize` gives a value; null where there is no such signature. */
  initialised: Initialised | null
}

/**
 * A whole job as one graph: input pipeline, forward, backward, optimiser, evaluation, checkpoint.
 * Signatures: `init`, `initialize` (with the weights of a checkpoint), `train`, `evaluate`, `save`,
 * `restore`, `export`, and those of its input.
 */
export function buildTrainingProgram({
  model,
  images,
  classes,
  plan,
  records = { training: 0, validation: 0 },
  freeze = [],
  given,
}: ProgramOptions): Program {
  const graph = new Graph()
  const variables = new Variables(graph, new Freeze(freeze))
  const step = variable(graph, 'global_step', [], 'int64')
  const seed = placeholder(graph, 'seed', 'int32')
  const input = buildInput({ graph, images, plan, seed }, records)

  const learningRate = placeholder(graph, 'learning_rate', 'float32')
  const training = graph.within('train', () => {
    const layers = createLayers(variables, 'training')
    const batch = input.training(read(step))
    const { loss, correct } = score(batch, layers)
    const total = addN([reduceMean(loss), ...layers.penalties])
    const targets = variables.trainable
    check(targets.length > 0, 'freeze: nothing is left to train; leave some variables out')
    const steps = gradients(
      total,
      targets.map(({ value }) => value),
    )
    const optimizer = adam(targets, steps, learningRate, plan.optimizer)
    const one = constant(graph, [1], { dtype: 'int64', shape: [] })
    const counted = assignAdd(step, one, { after: batch })
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
  variables.freeze.checkAllMet(variables.all.map(({ name }) => name))
  const evaluation = graph.within('evaluate', () => {
    const { loss, correct } = score(input.evaluation(), createLayers(variables, 'inference'))
    return { lossSum: reduceSum(loss), correct: reduceSum(correct) }
  })

  const state = [step, ...variables.all, ...training.optimizer.slots]
  const bundle = placeholder(graph, 'model', 'string')
  const inputBundle = placeholder(graph, 'input_state', 'string')
  const bundles = { model: bundle, input: inputBundle }
  const saved = [saveTensors(bundle, byName(state)), ...input.save(inputBundle)]
  const restoredValues = restoreTensors(bundle, state)
  const restored = [
    ...state.map((target, i) => assign(target, restoredValues[i]!)),
    ...input.restore(inputBundle),
  ]
  const matching = given ? matchWeights(variables.all, given) : null
  const zero = constant(graph, [0], { dtype: 'int64', shape: [] })
  const initialized = [
    ...variables.initialize(seed),
    ...training.optimizer.initialize,
    assign(step, zero),
  ]

  return {
    graph,
    parameters: variables.parameters,
    initialised: matching?.report ?? null,
    signatures: {
      init: { inputs: { seed }, outputs: done(graph, 'initialized', initialized) },
      ...(matching && {
        initialize: {
          inputs: { model: bundle },
          outputs: done(graph, 'begun_with', assignFrom(bundle, matching)),
        },
      }),
      ...input.signatures,
      train: { inputs: { learningRate }, outputs: training.outputs },
      evaluate: { inputs: {}, outputs: evaluation },
      save: { inputs: bundles, outputs: done(graph, 'saved', saved) },
      restore: { inputs: bundles, outputs: done(graph, 'restored', restored) },
      export: {
        inputs: { model: bundle },
        outputs: done(graph, 'exported', [saveTensors(bundle, byName(variables.all))]),
      },
    },
  }

  function score([pixels, labels]: readonly Tensor[], layers: ReturnType<typeof createLayers>) {
    const logits = network(layers, normalise(pixels!, images), model, classes)
    const hits = equal(cast(argMax(logits, 1), 'int32'), labels!)
    return { loss: sparseSoftmaxCrossEntropy(logits, labels!), correct: cast(hits, 'float32') }
  }
}

const byName = (variables: readonly Variable[]) =>
  Object.fromEntries(variables.map(({ name, value }) => [name, value]))
