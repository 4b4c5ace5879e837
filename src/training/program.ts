import { effectOutputs } from '../graph/effect-outputs.js'
import { Graph, type Tensor } from '../graph/graph.js'
import { check } from '../graph/graph-error.js'
import { restoreTensors, saveTensors } from '../graph/ops/checkpoint.js'
import { finiteMask } from '../graph/ops/compare.js'
import { constant, placeholder } from '../graph/ops/constant.js'
import type { ChooseConvKernels } from '../graph/ops/conv-kernels.js'
import { addN, cast, sub } from '../graph/ops/math.js'
import { reduceSum } from '../graph/ops/reduce.js'
import { assign, type Variable, variable } from '../graph/ops/state.js'
import { foldedValues } from '../nets/fold.js'
import { Freeze } from '../nets/freeze.js'
import { createLayers } from '../nets/layers.js'
import { Variables } from '../nets/variables.js'
import type { InitReport } from '../spec/init-from.js'
import type { NetworkOptions } from '../spec/model-options.js'
import { fitsDevices, shardsOf } from '../spec/shards.js'
import type { TrainingKernels } from '../spec/training-kernels.js'
import type { TrainingPlan } from '../spec/training-options.js'
import { layoutTensor, type WeightsTensor } from '../spec/weights.js'
import type { Engine } from './augment.js'
import { forwardPass } from './batch-graph.js'
import { taskOf } from './devices.js'
import { EmaVariables } from './ema.js'
import { evaluationOutputs } from './evaluate.js'
import type { ImageFormat } from './images.js'
import { assignWeights, matchWeights } from './initial-weights.js'
import { buildInputPipeline } from './input.js'
import { type InputOption, microBatchSize, type RecordCounts } from './input-pipeline.js'
import { activationsToKeep, type Step } from './low-memory.js'
import { stepRuns } from './step-runs.js'
import { buildTrainingStep } from './training-step.js'

/** The options of the plan that change the training step's graph. */
type StepOption =
  | 'optimizer'
  | 'labelSmoothing'
  | 'clipGradients'
  | 'accumulateSteps'
  | 'shards'
  | 'ema'
  | 'augment'
  | 'precision'
  | 'lossScale'
  | 'l2'
  | 'memory'

export interface ProgramOptions {
  model: NetworkOptions
  images: ImageFormat
  /** How the images to validate on are stored, if they are of another data set. */
  validationImages?: ImageFormat | undefined
  classes: number
  /** Weight of each class in the loss. */
  classWeights?: readonly number[] | undefined
  plan: Pick<TrainingPlan, StepOption | InputOption>
  /** Required for in-memory input. */
  records?: RecordCounts
  /** Patterns of variables that are not trained; see `Freeze`. */
  freeze?: readonly string[]
  /** The tensors of the checkpoint that the job takes its initial weights from. */
  checkpointTensors?: readonly WeightsTensor[] | undefined
  /** Default: a processor. */
  engine?: Engine
  /** Whose kernels a training step runs where there is a choice; default: TensorFlow's. */
  kernels?: TrainingKernels
  /** The same for batch norm, which is the only one whose own kernels round in another way; default: `kernels`. */
  batchNorm?: TrainingKernels
  /** What computes the convolutions of the training step. Default: `kernelsByRule`. */
  convKernels?: ChooseConvKernels | undefined
  /** The devices that compute the micro-batches of a run, as `Node.device`. Default: one, which TensorFlow chooses. */
  devices?: readonly string[] | undefined
}

export interface Program extends Step {
  graph: Graph
  /** Number of trainable parameters. */
  parameters: number
  /** The variables that `initialize` assigns; null if there is no such signature. */
  initialized: InitReport | null
  /** Frozen variables that `initialize` does not assign. */
  frozenRandom: string[]
}

/**
 * A training job as one graph: input pipeline, forward and backward pass, optimizer, evaluation and
 * checkpoints. Signatures: `init`, `initialize` (initial weights from a checkpoint), `accumulate`,
 * `train`, `evaluate`, `save`, `restore`, `export`, `countNonFinite` (how many of the weights to export
 * are NaN or infinite), and those of its input. The runs of a step are those of `stepRuns`: of n batches,
 * `accumulate` n - 1 times, then `train`. With `memory: 'low'`, the backward pass computes a part of the activations
 * again.
 */
export function buildTrainingProgram(options: ProgramOptions): Program {
  const program = assembleProgram(options)
  if (options.plan.memory !== 'low') return program
  const kept = activationsToKeep(program)
  return assembleProgram(options, name => kept.has(name))
}

function assembleProgram(options: ProgramOptions, isKept?: (name: string) => boolean): Program {
  const {
    model,
    images,
    validationImages,
    classes,
    classWeights,
    plan,
    records = { training: 0, validation: 0 },
    freeze = [],
    checkpointTensors,
    engine = 'cpu',
    kernels = 'stock',
    batchNorm = kernels,
    convKernels,
    devices = [''],
  } = options
  checkDevices(plan, devices)
  // ours compute on a processor
  const onePass = kernels === 'own' && engine === 'cpu' && plan.precision !== 'fp16'
  const graph = new Graph({ keepsSums: shardsOf(plan) > 1, home: taskOf(devices[0]!) })
  const variables = new Variables(graph, new Freeze(freeze))
  const step = variable(graph, 'global_step', [], 'int64')
  const seed = placeholder(graph, 'seed', 'int32')
  const input = buildInputPipeline({ graph, images, validationImages, plan, seed }, records)

  const learningRate = placeholder(graph, 'learning_rate', 'float32')
  // index within the job of the batch, or of the first micro-batch of a run
  const batch = placeholder(graph, 'batch', 'int32')
  const runs = stepRuns(plan, devices.length)
  const training = buildTrainingStep({
    ...{ variables, input, seed, model, images, classes, classWeights, plan, engine },
    ...{ batchSize: microBatchSize(plan), learningRate, batch, step, runs, devices },
    ...{ onePass, batchNorm, convKernels, isKept },
  })
  variables.freeze.checkAllMatched(variables.all.map(({ name }) => name))
  const { ema } = training
  const evaluation = graph.nameScope('evaluate', () => {
    // in fp32, as the model is served
    const layers = createLayers(new EmaVariables(variables, ema), 'inference')
    const [pixels, labels] = input.evaluation() as [Tensor, Tensor]
    const logits = forwardPass(pixels, layers, options, 'fp32')
    return { folds: layers.folds, outputs: evaluationOutputs(logits, labels, classes) }
  })

  // an exported model has the trained variables, for fine-tuning, and the folded ones, for serving;
  // the folded ones have other names
  const exported = ema.exportVariables(variables.all)
  const folded = graph.nameScope('fold', () => foldedValues(evaluation.folds, exported))

  const state = [step, ...variables.all, ...training.slots]
  const bundle = placeholder(graph, 'model', 'string')
  const inputBundle = placeholder(graph, 'input_state', 'string')
  const bundles = { model: bundle, input: inputBundle }
  const marks = layoutMark(graph, model)
  const saveEffects = [
    saveTensors(bundle, { ...byName(state), ...marks }),
    ...input.save(inputBundle),
  ]
  const restoredValues = restoreTensors(bundle, state)
  const restored = state.map((target, i) => assign(target, restoredValues[i]!))
  const restoreEffects = [...restored, ...training.settle(restored), ...input.restore(inputBundle)]
  const matching = checkpointTensors ? matchWeights(variables.all, checkpointTensors) : null
  const assignedWeights = matching ? assignWeights(bundle, matching) : []
  const initialWeights = [...assignedWeights, ...ema.initialize(assignedWeights)]
  const initializeEffects = [...initialWeights, ...training.settle(initialWeights)]
  const zero = constant(graph, [0], { dtype: 'int64', shape: [] })
  const initializers = variables.initialize(seed)
  const initialState = [
    ...initializers,
    ...ema.initialize(initializers),
    ...training.initialize,
    assign(step, zero),
  ]
  const initEffects = [...initialState, ...training.settle(initialState)]

  return {
    graph,
    forward: training.forward,
    parameters: variables.parameters,
    initialized: matching?.report ?? null,
    frozenRandom: frozenRandom(variables, matching?.report.matched ?? []),
    signatures: {
      init: { inputs: { seed }, outputs: effectOutputs(graph, 'initialized', initEffects) },
      ...(matching && {
        initialize: {
          inputs: { model: bundle },
          outputs: effectOutputs(graph, 'initialized_from', initializeEffects),
        },
      }),
      ...input.signatures,
      ...Object.fromEntries(
        Object.entries(training.accumulated).map(([signature, outputs]) => [
          signature,
          { inputs: { seed, batch }, outputs },
        ]),
      ),
      train: { inputs: { learningRate, seed, batch }, outputs: training.outputs },
      evaluate: { inputs: {}, outputs: evaluation.outputs },
      save: { inputs: bundles, outputs: effectOutputs(graph, 'saved', saveEffects) },
      restore: { inputs: bundles, outputs: effectOutputs(graph, 'restored', restoreEffects) },
      export: {
        inputs: { model: bundle },
        outputs: effectOutputs(graph, 'exported', [
          saveTensors(bundle, { ...byName(exported), ...folded, ...marks }),
        ]),
      },
      countNonFinite: { inputs: {}, outputs: { count: countNonFinite(graph, exported) } },
    },
  }
}

function checkDevices(plan: ProgramOptions['plan'], devices: readonly string[]): void {
  const shards = shardsOf(plan)
  check(
    fitsDevices(shards, devices.length),
    `${shards} micro-batches cannot be computed on ${devices.length} devices in the order of their sum`,
  )
}

const countNonFinite = (graph: Graph, variables: readonly Variable[]): Tensor =>
  graph.nameScope('count_non_finite', () => {
    const counts = variables.map(({ value }) =>
      reduceSum(sub(1, cast(finiteMask(value), 'float32'))),
    )
    return addN(counts)
  })

function frozenRandom({ all, freeze }: Variables, matched: readonly string[]): string[] {
  const set = new Set(matched)
  return all.map(({ name }) => name).filter(name => freeze.isFrozen(name) && !set.has(name))
}

/** A tensor that tells the layouts of ResNet v1 apart, whose variables are the same. */
function layoutMark(graph: Graph, model: NetworkOptions): Record<string, Tensor> {
  if (!('version' in model) || model.version !== 1) return {}
  const mark = constant(graph, [1], { dtype: 'int32', shape: [] })
  return { [layoutTensor(model.layout ?? 'torchvision')]: mark }
}

const byName = (variables: readonly Variable[]) =>
  Object.fromEntries(variables.map(({ name, value }) => [name, value]))
