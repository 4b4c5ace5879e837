import { nodesBetween } from '../graph/autodiff.js'
import { effectOutputs } from '../graph/effect-outputs.js'
import type { Node, Tensor } from '../graph/graph.js'
import { check } from '../graph/graph-error.js'
import { constant } from '../graph/ops/constant.js'
import { identity } from '../graph/ops/control.js'
import { add, cast } from '../graph/ops/math.js'
import { assignAdd, read, type Variable } from '../graph/ops/state.js'
import { WeightCopies } from '../nets/weight-copies.js'
import type { TrainingPlan } from '../spec/training-options.js'
import { type BatchGraph, type BatchGraphOptions, buildBatch } from './batch-graph.js'
import { ExponentialMovingAverage } from './ema.js'
import { onePassUpdate } from './one-pass-update.js'
import type { StepRuns } from './step-runs.js'
import { stepStatistics } from './step-statistics.js'
import { stockUpdate } from './weight-update.js'

type UpdateOption = 'optimizer' | 'clipGradients' | 'ema' | 'lossScale'

export interface TrainingStepOptions extends Omit<BatchGraphOptions, 'copies' | 'plan'> {
  plan: BatchGraphOptions['plan'] & Pick<TrainingPlan, UpdateOption>
  learningRate: Tensor
  /** The index within the job of the first batch of a run; the others follow it. */
  batch: Tensor
  step: Variable
  runs: StepRuns
  /** The devices that compute the batches of a run, as `Node.device`. */
  devices: readonly string[]
  /** Whether our own ops update the weights. */
  onePass: boolean
  /** Whether the backward pass finds the outputs of a node of the first batch, or computes them again. */
  isKept: ((name: string) => boolean) | undefined
}

/** The scope of the first batch, and of what all batches share. */
const scope = 'train'

/** The part of a training program that changes weights. */
export function buildTrainingStep(options: TrainingStepOptions) {
  const { variables, runs, devices, step, learningRate, plan, onePass } = options
  const { graph } = variables
  const copies = new WeightCopies()
  const batches: BatchGraph[] = []
  for (const [i, device] of devices.entries()) {
    const scopeOfBatch = i === 0 ? scope : `${scope}_${i}`
    const { isKept } = options
    batches.push(
      buildBatch(
        { ...options, copies: onePass ? copies : undefined },
        {
          scope: scopeOfBatch,
          device,
          index: i === 0 ? options.batch : add(options.batch, i),
          after: batches.at(-1)?.read ?? [],
          // the batches differ by their scopes alone
          isKept: isKept && (name => isKept(scope + name.slice(scopeOfBatch.length))),
        },
      ),
    )
  }
  const first = batches[0]!
  return graph.nameScope(scope, () => {
    const weights = variables.trainable
    check(weights.length > 0, 'freeze: nothing is left to train; leave some variables out')
    const ema = new ExponentialMovingAverage(weights, plan.ema)
    const update = (onePass ? onePassUpdate : stockUpdate)({
      weights,
      batches: batches.map(({ loss, weightedLoss, layers, isKept, onDevice }) => ({
        loss: weightedLoss ?? loss,
        penalties: layers.regularizationLosses,
        isKept,
        onDevice,
      })),
      runs,
      l2: first.layers.l2,
      // a penalty is that of the first batch, since the others' are the same
      metrics: [first.l2Penalty, ...batches.flatMap(({ loss, accuracy }) => [loss, accuracy])],
      copies,
      learningRate,
      step: step.value,
      ema,
      plan,
    })
    const one = constant(graph, [1], { dtype: 'int64', shape: [] })
    // after the averages' updates, which read the step before it is incremented
    const incrementStep = assignAdd(step, one, { controlInputs: update.apply })
    const changes = { accumulate: update.accumulate, apply: [...update.apply, incrementStep] }
    const { accumulated, outputs } = (runs.startFromZero ? outputsOfBatch : outputsOfMicroBatches)(
      batches,
      runs,
      changes,
    )
    const computed = weights.flatMap(weight => [weight, copies.find(weight) ?? weight])
    return {
      forward: nodesBetween(
        computed.map(({ value }) => value),
        first.weightedLoss ?? first.loss,
      ),
      slots: [...update.slots, ...ema.all],
      ema,
      initialize: update.initialize,
      settle: update.settle,
      /** By the signature of the run. */
      accumulated,
      outputs: {
        ...outputs,
        ...(update.lossScale && { lossScale: update.lossScale }),
        step: cast(read(step, { controlInputs: [incrementStep] }), 'int32'),
      },
    }
  })
}

interface Changes {
  /** Of each kind of run that does not end a step. */
  accumulate: Node[][]
  apply: Node[]
}

type Outputs = Record<string, Tensor>

interface StepOutputs {
  accumulated: Record<string, Outputs>
  outputs: Outputs
}

/** Each run says what its batch lost, and moves the averages of batch norm. */
function outputsOfBatch(
  [batch]: readonly BatchGraph[],
  _: StepRuns,
  changes: Changes,
): StepOutputs {
  const { loss, weightedLoss, l2Penalty, accuracy, layers } = batch!
  const lossOutputs = (name: string, controlInputs: readonly Node[]) => ({
    loss: identity(loss, { name, controlInputs }),
    ...(weightedLoss && { weightedLoss }),
    l2Penalty,
    accuracy: identity(accuracy, { name: `${name}_accuracy`, controlInputs }),
  })
  const { accumulate, apply } = changes
  return {
    accumulated: {
      accumulate: lossOutputs('accumulated', [...accumulate.flat(), ...layers.updates]),
    },
    outputs: lossOutputs('loss', [...apply, ...layers.updates]),
  }
}

/** The last run says what all micro-batches lost, and moves the averages by all. */
function outputsOfMicroBatches(
  batches: readonly BatchGraph[],
  runs: StepRuns,
  changes: Changes,
): StepOutputs {
  const { l2Penalty } = batches[0]!
  const { graph } = l2Penalty.node
  const statistics = stepStatistics(
    batches.map(({ loss, weightedLoss, accuracy, layers, onDevice }) => ({
      metrics: { loss, ...(weightedLoss && { weightedLoss }), accuracy },
      statistics: layers.statistics,
      onDevice,
    })),
    runs,
  )
  const { loss, ...others } = statistics.metrics
  const controlInputs = [...changes.apply, ...statistics.move]
  return {
    accumulated: Object.fromEntries(
      runs.accumulating.map(({ signature }, i) => {
        const effects = [...changes.accumulate[i]!, ...statistics.accumulate[i]!]
        return [signature, effectOutputs(graph, signature, effects)]
      }),
    ),
    outputs: { loss: identity(loss!, { name: 'loss', controlInputs }), ...others, l2Penalty },
  }
}
