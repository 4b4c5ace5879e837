import { taskName } from '../graph/server-def.js'
import type { SessionOptions } from '../graph/session-config.js'
import { devicesFor, fitsDevices, type Places, shardsOf } from '../spec/shards.js'
import type { TrainingPlan } from '../spec/training-options.js'
import type { Engine } from './augment.js'

type Sharded = Pick<TrainingPlan, 'shards'>

/**
 * The devices that a program is built for, as `ProgramOptions.devices`. They have names also if there is one, so that
 * Grappler does the same to the program on any number; without shards, TensorFlow chooses.
 */
export function deviceNames(plan: Sharded, engine: Engine, { workers, devices }: Places): string[] {
  if (shardsOf(plan) === 1) return ['']
  const kind = engine === 'cuda' ? 'GPU' : 'CPU'
  return Array.from({ length: workers }, (_, worker) =>
    Array.from({ length: devices }, (_, i) => {
      const task = workers === 1 ? '' : taskName(worker)
      return `${task}/device:${kind}:${i}`
    }),
  ).flat()
}

/** The task of a device; empty in a process that computes alone. */
export const taskOf = (device: string): string => device.replace(/\/device:.*/, '')

/** The options of a session on a program with so many devices in each process, and of the server that runs it. */
export function sessionOptions(plan: Sharded, engine: Engine, devices: number): SessionOptions {
  if (shardsOf(plan) === 1) return {}
  return {
    ...{ keepsSums: true, softPlacement: true },
    ...(engine === 'cpu' && { cpuDevices: devices }),
  }
}

/**
 * What an attempt takes of the workers that there are, each with `available` devices: as many devices as the job asks
 * for, or as fit of those that there are, and no more workers than fit.
 */
export function placesToUse(
  plan: Sharded,
  asked: number,
  { workers, devices: available }: Places,
): Places {
  const shards = shardsOf(plan)
  for (let used = workers; used > 1; used--) {
    for (let devices = Math.min(asked, available); devices >= 1; devices--) {
      if (fitsDevices(shards, used * devices)) return { workers: used, devices }
    }
  }
  return { workers: 1, devices: devicesFor(shards, Math.min(asked, available)) }
}
