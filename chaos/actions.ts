// What is done to a site. A new action is a line of the table.
import { readdir, rm, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ProcessKind } from '../src/store/failpoints.js'
import { type Kind, type Site, signal } from './deployment.js'
import type { Random } from './random.js'

/** What an action has hold of while it lasts: no other may touch it meanwhile. */
export type Grip = Kind | 'storage'

export interface Action {
  name: string
  weight: number
  grips: readonly Grip[]
  /** What was done, in words; null where there was nothing to do it to. `lasting` runs on beside the next ones. */
  act(site: Site, random: Random): Promise<Done | null>
}

export interface Done {
  target: string
  lasting?: Promise<void>
}

const kill = (kind: Kind, weight: number): Action => ({
  name: `kill ${kind}`,
  weight,
  grips: [kind],
  async act(site, random) {
    const pids = await site.find(kind)
    if (pids.length === 0) return null
    const pid = random.pick(pids)
    return signal(pid, 'SIGKILL') ? { target: `${pid}` } : null
  },
})

const stop = (kind: Kind, weight: number, longestSeconds: number): Action => ({
  name: `stop ${kind}`,
  weight,
  grips: [kind],
  async act(site, random) {
    const seconds = random.between(1, longestSeconds)
    const pids = await site.find(kind)
    if (pids.length === 0) return null
    const pid = random.pick(pids)
    if (!signal(pid, 'SIGSTOP')) return null
    const lasting = sleep(seconds * 1000).then(async () => {
      if (await site.isOurs(pid)) signal(pid, 'SIGCONT')
    })
    return { target: `${pid} for ${seconds.toFixed(1)} s`, lasting }
  },
})

/** Kills Redis and keeps its supervisor from starting it again until `meanwhile` is over. */
export async function withRedisDown(site: Site, meanwhile: () => Promise<void>): Promise<boolean> {
  const [supervisor] = await site.find('supervisor')
  const [redis] = await site.find('redis')
  if (!supervisor || !redis) return false
  signal(supervisor, 'SIGSTOP')
  try {
    signal(redis, 'SIGKILL')
    while (await site.isOurs(redis)) await sleep(10)
    await meanwhile()
  } finally {
    signal(supervisor, 'SIGCONT')
  }
  return true
}

const redisAndItsKeeper: readonly Grip[] = ['redis', 'supervisor']

const redisDown: Action = {
  name: 'redis down',
  weight: 1,
  grips: redisAndItsKeeper,
  async act(site) {
    const seconds = 20
    if ((await site.find('redis')).length === 0) return null
    const lasting = withRedisDown(site, () => sleep(seconds * 1000))
    return { target: `for ${seconds} s`, lasting: lasting.then(() => {}) }
  },
}

const redisFlushed: Action = {
  name: 'wipe redis',
  weight: 1,
  grips: ['redis'],
  async act(site) {
    const wiped = site.withRedis(async redis => {
      const keys = await redis.dbsize()
      await redis.flushall()
      return { target: `${keys} keys` }
    })
    // it may be on its way up
    return wiped.catch(() => null)
  },
}

const redisDeleted: Action = {
  name: 'delete redis files',
  weight: 1,
  grips: redisAndItsKeeper,
  async act(site) {
    const done = await withRedisDown(site, () =>
      rm(site.appendOnly, { recursive: true, force: true }),
    )
    return done ? { target: 'appendonlydir' } : null
  },
}

const redisCut: Action = {
  name: 'cut redis log',
  weight: 1,
  grips: redisAndItsKeeper,
  async act(site, random) {
    let target = 'nothing'
    const done = await withRedisDown(site, async () => {
      const names = await readdir(site.appendOnly).catch(() => [])
      const log = names
        .filter(name => name.endsWith('.incr.aof'))
        .sort()
        .at(-1)
      if (!log) return
      const path = join(site.appendOnly, log)
      const { size } = await stat(path)
      const left = random.below(size + 1)
      await truncate(path, left)
      target = `${size} to ${left} bytes`
    })
    return done ? { target } : null
  },
}

const supervisorKilled: Action = {
  name: 'kill supervisor',
  weight: 1,
  grips: ['supervisor', 'redis', 'api', 'worker', 'trainer', 'predictor'],
  async act(site) {
    const [pid] = await site.find('supervisor')
    if (!pid) return null
    signal(pid, 'SIGKILL')
    await site.start()
    return { target: `${pid}, and start` }
  },
}

const storageErrors = (process: ProcessKind, weight: number, longestSeconds = 3): Action => ({
  name: `storage of ${process}`,
  weight,
  grips: ['storage'],
  async act(site, random) {
    const error = random.pick(['ENOSPC', 'EIO'] as const)
    const when = random.pick(['before', 'within'] as const)
    const probability = random.pick([0.05, 0.3, 1])
    const seconds = random.between(0.5, longestSeconds)
    await site.failpoints([{ process, error, when, probability }])
    const lasting = sleep(seconds * 1000).then(() => site.failpoints([]))
    const how = when === 'within' ? 'short writes, ' : ''
    return {
      target: `${how}${error} at ${probability * 100} % for ${seconds.toFixed(1)} s`,
      lasting,
    }
  },
})

export const actions: readonly Action[] = [
  kill('trainer', 5),
  kill('worker', 2),
  kill('api', 3),
  kill('predictor', 2),
  kill('redis', 2),
  stop('trainer', 1, 8),
  stop('worker', 1, 8),
  stop('api', 1, 5),
  stop('predictor', 1, 5),
  stop('redis', 1, 8),
  redisDown,
  redisFlushed,
  redisDeleted,
  redisCut,
  supervisorKilled,
  storageErrors('api', 1),
  storageErrors('worker', 1),
  // past every number of tries
  storageErrors('trainer', 1, 20),
]
