// The faults that the nemesis injects. To add one, add a line to the table at the end.
import { readdir, rm, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ProcessKind } from '../src/store/failpoints.js'
import { eventually } from '../testing/eventually.js'
import { type ChaosDeployment, type ProcessRole, signal } from './deployment.js'
import type { Random } from './random.js'

/** What an action locks while it lasts, so that no other action touches it. */
export type Resource = ProcessRole | 'storage' | 'bucket'

export interface Action {
  name: string
  weight: number
  resources: readonly Resource[]
  /** Returns null if there was nothing to act on. */
  apply(deployment: ChaosDeployment, random: Random): Promise<ActionResult | null>
}

export interface ActionResult {
  /** For the log: what was hit, and how. */
  target: string
  /** Resolves when an action that lasts is over; later actions may start before that. */
  background?: Promise<void>
}

const killAction = (kind: ProcessRole, weight: number): Action => ({
  name: `kill ${kind}`,
  weight,
  resources: [kind],
  async apply(deployment, random) {
    const pids = await deployment.find(kind)
    if (pids.length === 0) return null
    const pid = random.pick(pids)
    return signal(pid, 'SIGKILL') ? { target: `${pid}` } : null
  },
})

const suspendAction = (kind: ProcessRole, weight: number, maxSeconds: number): Action => ({
  name: `suspend ${kind}`,
  weight,
  resources: [kind],
  async apply(deployment, random) {
    const seconds = random.uniform(1, maxSeconds)
    const pids = await deployment.find(kind)
    if (pids.length === 0) return null
    const pid = random.pick(pids)
    if (!signal(pid, 'SIGSTOP')) return null
    const background = sleep(seconds * 1000).then(async () => {
      if (await deployment.hasProcess(pid)) signal(pid, 'SIGCONT')
    })
    return { target: `${pid} for ${seconds.toFixed(1)} s`, background }
  },
})

/**
 * Kills Redis, and stops its supervisor from restarting it until `whileDown` has ended. Returns false if
 * Redis or the supervisor does not run.
 */
export async function withRedisDown(
  deployment: ChaosDeployment,
  whileDown: () => Promise<void>,
): Promise<boolean> {
  const [supervisor] = await deployment.find('supervisor')
  const [redis] = await deployment.find('redis')
  if (!supervisor || !redis) return false
  signal(supervisor, 'SIGSTOP')
  try {
    signal(redis, 'SIGKILL')
    const hasExited = async () => !(await deployment.hasProcess(redis))
    await eventually(`Redis (process ${redis}) to exit after SIGKILL`, hasExited)
    await whileDown()
  } finally {
    signal(supervisor, 'SIGCONT')
  }
  return true
}

const redisAndSupervisor: readonly Resource[] = ['redis', 'supervisor']

const stopRedis: Action = {
  name: 'redis down',
  weight: 1,
  resources: redisAndSupervisor,
  async apply(deployment) {
    const seconds = 20
    if ((await deployment.find('redis')).length === 0) return null
    const background = withRedisDown(deployment, () => sleep(seconds * 1000))
    return { target: `for ${seconds} s`, background: background.then(() => {}) }
  },
}

const flushRedis: Action = {
  name: 'flush redis',
  weight: 1,
  resources: ['redis'],
  async apply(deployment) {
    const flushed = deployment.withRedis(async redis => {
      const keys = await redis.dbsize()
      await redis.flushall()
      return { target: `${keys} keys` }
    })
    // Redis may be starting
    return flushed.catch(() => null)
  },
}

const deleteRedisFiles: Action = {
  name: 'delete redis files',
  weight: 1,
  resources: redisAndSupervisor,
  async apply(deployment) {
    const done = await withRedisDown(deployment, () =>
      rm(deployment.appendOnlyFolder, { recursive: true, force: true }),
    )
    return done ? { target: 'appendonlydir' } : null
  },
}

const truncateRedisLog: Action = {
  name: 'truncate redis log',
  weight: 1,
  resources: redisAndSupervisor,
  async apply(deployment, random) {
    let target = 'nothing'
    const done = await withRedisDown(deployment, async () => {
      const names = await readdir(deployment.appendOnlyFolder).catch(() => [])
      const log = names
        .filter(name => name.endsWith('.incr.aof'))
        .sort()
        .at(-1)
      if (!log) return
      const path = join(deployment.appendOnlyFolder, log)
      const { size } = await stat(path)
      const newSize = random.integerBelow(size + 1)
      await truncate(path, newSize)
      target = `${size} to ${newSize} bytes`
    })
    return done ? { target } : null
  },
}

const killSupervisor: Action = {
  name: 'kill supervisor',
  weight: 1,
  resources: ['supervisor', 'redis', 'api', 'worker', 'trainer', 'predictor'],
  async apply(deployment) {
    const [pid] = await deployment.find('supervisor')
    if (!pid) return null
    signal(pid, 'SIGKILL')
    await deployment.start()
    return { target: `${pid}, and start` }
  },
}

const storageErrors = (process: ProcessKind, weight: number, maxSeconds = 3): Action => ({
  name: `storage of ${process}`,
  weight,
  resources: ['storage'],
  async apply(deployment, random) {
    const error = random.pick(['ENOSPC', 'EIO'] as const)
    const when = random.pick(['before', 'within'] as const)
    const probability = random.pick([0.05, 0.3, 1])
    const seconds = random.uniform(0.5, maxSeconds)
    await deployment.setFailpoints([{ process, error, when, probability }])
    const background = sleep(seconds * 1000).then(() => deployment.setFailpoints([]))
    const how = when === 'within' ? 'short writes, ' : ''
    return {
      target: `${how}${error} at ${probability * 100} % for ${seconds.toFixed(1)} s`,
      background,
    }
  },
})

export const actions: readonly Action[] = [
  killAction('trainer', 5),
  killAction('worker', 2),
  killAction('api', 3),
  killAction('predictor', 2),
  killAction('redis', 2),
  suspendAction('trainer', 1, 8),
  suspendAction('worker', 1, 8),
  suspendAction('api', 1, 5),
  suspendAction('predictor', 1, 5),
  suspendAction('redis', 1, 8),
  stopRedis,
  flushRedis,
  deleteRedisFiles,
  truncateRedisLog,
  killSupervisor,
  storageErrors('api', 1),
  storageErrors('worker', 1),
  // longer than any number of retries
  storageErrors('trainer', 1, 20),
]
