import { gradients } from '../graph/autodiff.js'
import { Graph, type Node, type Tensor } from '../graph/graph.js'
import { check } from '../graph/graph-error.js'
import { oneHot, reshape } from '../graph/ops/array.js'
import { restoreTensors, saveTensors } from '../graph/ops/checkpoint.js'
import { equal } from '../graph/ops/compare.js'
import { constant, placeholder } from '../graph/ops/constant.js'
import { identity } from '../graph/ops/control.js'
import { add, addN, cast, mul } from '../graph/ops/math.js'
import { argMax, reduceMean, reduceSum } from '../graph/ops/reduce.js'
import { softmaxCrossEntropy, sparseSoftmaxCrossEntropy } from '../graph/ops/softmax.js'
import { assign, assignAdd, read, type Variable, variable } from '../graph/ops/state.js'
import type { SavedModelSpec } from '../graph/saved-model.js'
import { foldedValues } from '../nets/fold.js'
import { Freeze } from '../nets/freeze.js'
import { createLayers, type Layers } from '../nets/layers.js'
import { Variables } from '../nets/variables.js'
import type { Initialised } from '../spec/init-from.js'
import type { NetworkOptions } from '../spec/model-options.js'
import type { Precision, TrainingPlan } from '../spec/training-options.js'
import type { WeightsTensor } from '../spec/weights.js'
import { augmentImages, mixup } from './augment.js'
import { done } from './done.js'
import { AveragedVariables, Averages } from './ema.js'
import { accumulate, clip } from './gradients.js'
import { type ImageFormat, normalise } from './images.js'
import { assignFrom, matchWeights } from './initial-weights.js'
import { buildInput } from './input.js'
import type { RecordCounts } from './input-pipeline.js'
import { network } from './network.js'
import { createOptimizer } from './optimizer.js'

/** What shapes a training step. */
type StepOption =
  | 'optimizer'
  | 'labelSmoothing'
  | 'clipGradients'
  | 'accumulateSteps'
  | 'ema'
  | 'augment'
  | 'precision'

export interface ProgramOptions {
  model: NetworkOptions
  images: ImageFormat
  classes: number
  plan: Pick<TrainingPlan, StepOption | 'batchSize' | 'shuffleBuffer' | 'input'>
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
 * Signatures: `init`, `initialize` (with the weights of a checkpoint), `accumulate`, `train`,
 * `evaluate`, `save`, `restore`, `export`, and those of its input. A step is `train`, behind as many
 * `accumulate` as it has further batches.
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
  // how many batches of the job came before: what is random in a batch hangs on it
  const batch = placeholder(graph, 'batch', 'int32')
  const training = graph.within('train', () => {
    const layers = createLayers(variables, 'training', { random: { seed, step: batch } })
    const { pixels, labels, targets } = vary(input.training(batch))
    const { logits, correct } = score(pixels, labels, layers, plan.precision)
    const loss = targets
      ? softmaxCrossEntropy(logits, targets)
      : sparseSoftmaxCrossEntropy(logits, labels)
    const total = addN([reduceMean(loss), ...layers.penalties])
    const weights = variables.trainable
    check(weights.length > 0, 'freeze: nothing is left to train; leave some variables out')
    const values = weights.map(({ value }) => value)
    const sums = accumulate(weights, slopes(total, values, plan.precision), plan.accumulateSteps)
    const descent = clip(sums.mean, plan.clipGradients)
    const optimizer = createOptimizer(weights, descent, learningRate, plan.optimizer)
    const averages = new Averages(weights, plan.ema)
    const averaged = averages.update(step.value, optimizer.apply)
    const one = constant(graph, [1], { dtype: 'int64', shape: [] })
    // the averages read the step as it was
    const counted = assignAdd(step, one, { after: averaged })
    const seenLoss = (name: string, after: readonly Node[]) => ({
      loss: identity(total, { name, after }),
      accuracy: identity(reduceMean(correct), { name: `${name}_accuracy`, after }),
    })
    const after = [
      ...optimizer.apply,
      ...averaged,
      ...sums.empty(optimizer.apply),
      ...layers.updates,
      counted,
    ]
    return {
      slots: [...optimizer.slots, ...averages.all],
      averages,
      initialize: [...optimizer.initialize, ...sums.initialize],
      accumulated: seenLoss('collected', [...sums.collect, ...layers.updates]),
      outputs: {
        ...seenLoss('loss', after),
        step: cast(read(step, { after: [counted] }), 'int32'),
      },
    }
  })
  variables.freeze.checkAllMet(variables.all.map(({ name }) => name))
  const { averages } = training
  const evaluation = graph.within('evaluate', () => {
    // in fp32, as the model will be served
    const layers = createLayers(new AveragedVariables(variables, averages), 'inference')
    const [pixels, labels] = input.evaluation() as [Tensor, Tensor]
    const { logits, correct } = score(pixels, labels, layers, 'fp32')
    const loss = sparseSoftmaxCrossEntropy(logits, labels)
    const outputs = { lossSum: reduceSum(loss), correct: reduceSum(correct) }
    return { folds: layers.folds, outputs }
  })

  // a model keeps what was trained, to be trained on, beside the folded values that serving reads:
  // those have names of their own, so that neither is taken for the other
  const published = averages.published(variables.all)
  const folded = graph.within('fold', () => foldedValues(evaluation.folds, published))

  const state = [step, ...variables.all, ...training.slots]
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
  const begun = matching ? assignFrom(bundle, matching) : []
  const begunWith = [...begun, ...averages.initialize(begun)]
  const zero = constant(graph, [0], { dtype: 'int64', shape: [] })
  const first = variables.initialize(seed)
  const initialized = [
    ...first,
    ...averages.initialize(first),
    ...training.initialize,
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
          outputs: done(graph, 'begun_with', begunWith),
        },
      }),
      ...input.signatures,
      accumulate: { inputs: { seed, batch }, outputs: training.accumulated },
      train: { inputs: { learningRate, seed, batch }, outputs: training.outputs },
      evaluate: { inputs: {}, outputs: evaluation.outputs },
      save: { inputs: bundles, outputs: done(graph, 'saved', saved) },
      restore: { inputs: bundles, outputs: done(graph, 'restored', restored) },
      export: {
        inputs: { model: bundle },
        outputs: done(graph, 'exported', [
          saveTensors(bundle, { ...byName(published), ...folded }),
        ]),
      },
    },
  }

  /** A training batch as its step sees it: varied, and with soft labels where something softens them. */
  function vary([given, numbers]: readonly Tensor[]) {
    const { augment, batchSize, labelSmoothing } = plan
    const shape = [batchSize, images.height, images.width, images.channels]
    const whole = cast(reshape(given!, shape), 'float32')
    const draw = { seed, batch }
    const pixels = augmentImages(whole, augment, images.mean, draw)
    const labels = reshape(numbers!, [batchSize])
    if (augment.mixup === 0 && labelSmoothing === 0) return { pixels, labels, targets: null }
    const share = labelSmoothing / classes
    const soft = add(mul(oneHot(labels, classes), 1 - labelSmoothing), share)
    if (augment.mixup === 0) return { pixels, labels, targets: soft }
    const [mixed, targets] = mixup(pixels, soft, augment.mixup, draw)
    return { pixels: mixed, labels, targets }
  }

  function score(pixels: Tensor, labels: Tensor, layers: Layers, precision: Precision) {
    const logits = network(layers, normalise(pixels, images), model, classes, precision)
    const hits = equal(cast(argMax(logits, 1), 'int32'), labels)
    return { logits, correct: cast(hits, 'float32') }
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
