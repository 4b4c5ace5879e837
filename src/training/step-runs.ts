import { shardsOf } from '../spec/shards.js'
import type { TrainingPlan } from '../spec/training-options.js'
import { lastLevelsToAdd, levelOf, levelsToAdd } from './sum-order.js'

/** A run that does not end a step: it adds sums that wait to its gradients, and keeps the result as one. */
export interface AccumulatingRun {
  /** Its signature. */
  readonly signature: string
  /** Numbers of the sums to add, in order. */
  readonly adds: readonly number[]
  /** Number of the sum that it keeps. */
  readonly keeps: number
}

/** The runs of a session that make a step. */
export interface StepRuns {
  /** Batches of a step, or its micro-batches: it uses the mean of their gradients. */
  readonly batches: number
  /** Batches that a run computes at once, each on a device. */
  readonly atOnce: number
  /** Number of sums that wait between runs. */
  readonly sums: number
  /** The runs before the last that differ, each once. */
  readonly accumulating: readonly AccumulatingRun[]
  /** The sums that the last run adds. */
  readonly lastAdds: readonly number[]
  /** Whether sums start from zero in each step. */
  readonly startFromZero: boolean
  /** The signatures of a step's runs. */
  readonly signatures: readonly string[]
}

type Options = Pick<TrainingPlan, 'accumulateSteps' | 'shards'>

/** The runs of a step on `devices` devices. */
export function stepRuns(plan: Options, devices = 1): StepRuns {
  const shards = shardsOf(plan)
  return shards > 1 ? runsOfShards(shards, devices) : runsOfBatches(plan.accumulateSteps)
}

/** Batch by batch, all added to one sum. */
function runsOfBatches(batches: number): StepRuns {
  const run = { signature: 'accumulate', adds: [0], keeps: 0 }
  const isSingle = batches === 1
  return {
    batches,
    atOnce: 1,
    sums: isSingle ? 0 : 1,
    accumulating: isSingle ? [] : [run],
    lastAdds: isSingle ? [] : [0],
    startFromZero: true,
    signatures: [...Array<string>(batches - 1).fill(run.signature), 'train'],
  }
}

/** In the order of `addInOrder`: the micro-batches of a run are neighbours, whose sum is complete when the run ends. */
function runsOfShards(shards: number, devices: number): StepRuns {
  const runs = shards / devices
  const earlier = Array.from({ length: runs - 1 }, (_, index) => ({
    signature: `accumulate${levelOf(index)}`,
    adds: levelsToAdd(index),
    keeps: levelOf(index),
  }))
  const accumulating = [...new Map(earlier.map(run => [run.signature, run])).values()]
  return {
    batches: shards,
    atOnce: devices,
    sums: accumulating.length,
    accumulating,
    lastAdds: lastLevelsToAdd(runs),
    startFromZero: false,
    signatures: [...earlier.map(({ signature }) => signature), 'train'],
  }
}
