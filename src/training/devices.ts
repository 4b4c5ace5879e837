import type { SessionOptions } from '../graph/session-config.js'
import { devicesFor, shardsOf } from '../spec/shards.js'
import type { TrainingPlan } from '../spec/training-options.js'
import type { Engine } from './augment.js'

type Sharded = Pick<TrainingPlan, 'shards'>

/**
 * The devices that a program is built for, as `ProgramOptions.devices`. They have names also if there is one, so that
 * Grappler does the same to the program on any number; without shards, TensorFlow chooses.
 */
export function deviceNames(plan: Sharded, engine: Engine, count: number): string[] {
  if (shardsOf(plan) === 1) return ['']
  const kind = engine === 'cuda' ? 'GPU' : 'CPU'
  return Array.from({ length: count }, (_, i) => `/device:${kind}:${i}`)
}

/** The options of a session on a program with these devices. */
export function sessionOptions(plan: Sharded, engine: Engine, count: number): SessionOptions {
  if (shardsOf(plan) === 1) return {}
  return { keepsSums: true, softPlacement: true, ...(engine === 'cpu' && { cpuDevices: count }) }
}

/** How many devices an attempt takes of those that a job asks for, on a machine with `available`. */
export const devicesToUse = (plan: Sharded, asked: number, available: number): number =>
  devicesFor(shardsOf(plan), Math.min(asked, available))
