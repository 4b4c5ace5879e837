// The place of a process among those that train one attempt, as its environment tells it. Executors write it, a
// trainer reads it.

/** Names of the variables. They are no settings: an executor sets them for each process. */
export const placementNames = [
  'TRAINYARD_ATTEMPT',
  'TRAINYARD_RANK',
  'TRAINYARD_WORLD',
  'TRAINYARD_DEVICES',
  'TRAINYARD_RANK_HOST',
  'TRAINYARD_LEADER',
  'TRAINYARD_JOB',
  'TRAINYARD_WORKER',
  'TRAINYARD_WORKER_VERSION',
] as const

export interface Placement {
  /** The number of the attempt. */
  attempt: number
  /** From 0 to `world` - 1. Rank 0 leads. */
  rank: number
  /** How many processes train the attempt together. */
  world: number
  /** Devices of this process. */
  devices: number
  /** The address at which the other ranks reach this one. */
  host: string
  /** The address of rank 0, with a port if the executor chooses ports; null if only the ranks can tell it each other. */
  leader: string | null
}

export const placementEnvironment = ({
  attempt,
  rank,
  world,
  devices,
  host,
  leader,
}: Placement): Record<string, string> => ({
  TRAINYARD_ATTEMPT: String(attempt),
  TRAINYARD_RANK: String(rank),
  TRAINYARD_WORLD: String(world),
  TRAINYARD_DEVICES: String(devices),
  TRAINYARD_RANK_HOST: host,
  ...(leader !== null && { TRAINYARD_LEADER: leader }),
})

/** Null for a process that was given no place: it trains alone. Throws if a place is not whole. */
export function parsePlacement(environment: NodeJS.ProcessEnv): Placement | null {
  if (environment.TRAINYARD_RANK === undefined) return null
  const number = (name: (typeof placementNames)[number], min: number) => {
    const value = Number(environment[name] || Number.NaN)
    if (Number.isInteger(value) && value >= min) return value
    throw new Error(`${name} is '${environment[name] ?? ''}', expected a number from ${min} on`)
  }
  const [rank, world] = [number('TRAINYARD_RANK', 0), number('TRAINYARD_WORLD', 1)]
  if (rank >= world) throw new Error(`TRAINYARD_RANK is ${rank}, but there are ${world} ranks`)
  return {
    attempt: number('TRAINYARD_ATTEMPT', 1),
    rank,
    world,
    devices: number('TRAINYARD_DEVICES', 0),
    host: environment.TRAINYARD_RANK_HOST || '127.0.0.1',
    leader: environment.TRAINYARD_LEADER || null,
  }
}

/** Whose rank a process on another machine runs. */
export interface RelayPlace {
  job: string
  /** The process id of the worker. */
  worker: string
  /** The version of the worker, whose messages only the same version understands for certain. */
  version: string
}

export const relayEnvironment = ({ job, worker, version }: RelayPlace): Record<string, string> => ({
  TRAINYARD_JOB: job,
  TRAINYARD_WORKER: worker,
  TRAINYARD_WORKER_VERSION: version,
})

export function parseRelay(environment: NodeJS.ProcessEnv): RelayPlace {
  const text = (name: (typeof placementNames)[number]) => {
    const value = environment[name]
    if (value) return value
    throw new Error(`${name} is missing: a worker sets it when it starts this process by an engine`)
  }
  return {
    job: text('TRAINYARD_JOB'),
    worker: text('TRAINYARD_WORKER'),
    version: text('TRAINYARD_WORKER_VERSION'),
  }
}
