import { createHash } from 'node:crypto'
import type { Redis } from 'ioredis'
import type { Needs } from '../../spec/needs.js'
import { answersOf, redisNames } from './redis.js'

/** A queue of BullMQ, and what a worker needs to run its jobs: null if any worker may. */
export interface NeedQueue {
  name: string
  needs: Needs | null
}

/**
 * Jobs that not every worker can run lie in a queue for each kind of need, so a worker never takes a job that it cannot
 * run. The name follows from the needs alone: all processes agree on it, and a version that does not know one of the
 * needs still finds the queue.
 */
export function queueOf(prefix: string, needs: Needs | null): NeedQueue {
  const { queue } = redisNames(prefix)
  if (needs === null) return { name: queue, needs }
  const digest = createHash('sha256').update(canonical(needs)).digest('hex').slice(0, 16)
  return { name: `${queue}-${digest}`, needs }
}

const canonical = ({ features, gpus, labels, memoryBytes }: Needs): string =>
  JSON.stringify({ features, gpus, labels, memoryBytes })

/**
 * Removes a queue in which nothing is left, and what its needs are. A job that is added at the same time is there
 * before its needs are written again (`NeedQueues.remember`), so it is found.
 */
const dropScript = `
  for i = 2, 6 do if redis.call('EXISTS', KEYS[i]) == 1 then return 0 end end
  redis.call('HDEL', KEYS[1], ARGV[1])
  for i = 7, #KEYS do redis.call('DEL', KEYS[i]) end
  return 1`
const contents = ['wait', 'prioritized', 'active', 'delayed', 'paused']
const remains = ['events', 'meta', 'pc', 'marker', 'id', 'stalled', 'stalled-check']

/** The queues that there are, in Redis. */
export class NeedQueues {
  private readonly names

  constructor(
    private readonly redis: Redis,
    private readonly prefix: string,
  ) {
    this.names = redisNames(prefix)
  }

  /** The queue for all workers comes first. */
  async all(): Promise<NeedQueue[]> {
    const texts = Object.values(await this.redis.hgetall(this.names.needs))
    const others = texts.map(text => queueOf(this.prefix, JSON.parse(text) as Needs))
    return [queueOf(this.prefix, null), ...others.sort((a, b) => (a.name < b.name ? -1 : 1))]
  }

  /** Call after a job was added, not before: see `dropScript`. Tells workers of the job. */
  async remember({ name, needs }: NeedQueue): Promise<void> {
    const pipeline = this.redis.pipeline()
    if (needs !== null) pipeline.hset(this.names.needs, name, canonical(needs))
    await answersOf(pipeline.publish(this.names.queuedChannel, name))
  }

  /** Removes the queues without jobs. Returns their names. */
  async dropUnused(): Promise<string[]> {
    const dropped: string[] = []
    for (const { name, needs } of await this.all()) {
      if (needs === null) continue
      const key = (type: string) => `${this.names.bullmq}:${name}:${type}`
      const keys = [this.names.needs, ...contents.map(key), ...remains.map(key)]
      if ((await this.redis.eval(dropScript, keys.length, ...keys, name)) === 1) dropped.push(name)
    }
    return dropped
  }
}
