// Several workers, as on hosts of their own.
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { FromApi } from '../src/spec/ipc-messages.js'
import { apiEnvironment, apiFlags, apiScript } from '../src/supervisor/api-process.js'
import { type EmbeddedRedis, openRedis } from '../src/supervisor/embedded-redis.js'
import { Service } from '../src/supervisor/service.js'
import { findProcesses, processesWith } from '../testing/processes.js'
import { signal } from './deployment.js'
import { RedisProxy } from './redis-proxy.js'
import { disposing } from './with-cleanup.js'

const startWithinMs = 60_000
const endWithinMs = 15_000
const trainerScript = 'workers/trainer.js'

const workerScript = fileURLToPath(new URL('../workers/worker.js', import.meta.url))

/** A worker with one slot and no spare trainer, and its own way to Redis. */
export class FleetWorker {
  constructor(
    readonly name: string,
    readonly way: RedisProxy,
    readonly service: Service,
  ) {}

  /** The process that trains for it; none where it has no job. */
  async trainer(): Promise<number | undefined> {
    const { pid } = this.service
    return pid === undefined ? undefined : (await findProcesses(pid, trainerScript))[0]
  }
}

/** One Redis, one data folder, an API, and workers that can be cut off one by one. */
export class Fleet {
  private constructor(
    readonly home: string,
    private readonly redis: EmbeddedRedis,
    private readonly api: Service,
    readonly url: string,
    readonly key: string,
    readonly workers: readonly FleetWorker[],
  ) {}

  private static async open(names: readonly string[], lockMs: number): Promise<Fleet> {
    const home = await mkdtemp(join(tmpdir(), 'trainyard-fleet-'))
    const data = dataIn(home)
    await mkdir(data)
    const redis = await openRedis(data)
    const environment = {
      ...process.env,
      TRAINYARD_DATA: data,
      TRAINYARD_LOG_LEVEL: 'silent',
      TRAINYARD_LOCK_MS: String(lockMs),
    }
    const { api, url } = await startApi({
      ...environment,
      TRAINYARD_PORT: '0',
      REDIS_URL: redis.url,
    })
    const workers = names.map(async name => {
      const way = await RedisProxy.open(redis.url)
      const service = new Service({
        name,
        script: workerScript,
        environment: {
          ...environment,
          TRAINYARD_SLOTS: '1',
          TRAINYARD_SPARE_TRAINERS: 'off',
          REDIS_URL: way.url,
        },
        onCrash: how => console.error(`${name} ended (${how})`),
      })
      return new FleetWorker(name, way, service)
    })
    const key = (await readFile(join(data, 'key'), 'utf8')).trim()
    return new Fleet(home, redis, api, url, key, await Promise.all(workers))
  }

  /** A fresh fleet for `work`, and nothing of it left behind unless `keep` says so afterwards. */
  static async with<T>(
    names: readonly string[],
    lockMs: number,
    work: (fleet: Fleet) => Promise<T>,
    keep: () => boolean,
  ): Promise<T> {
    return disposing(await Fleet.open(names, lockMs), work, keep)
  }

  get folder(): string {
    return dataIn(this.home)
  }

  /** Of all workers, also of such as have ended. */
  async trainers(): Promise<number[]> {
    const all = await processesWith(this.home)
    return all.filter(({ command }) => command.includes(trainerScript)).map(({ pid }) => pid)
  }

  async destroy(keep: boolean): Promise<void> {
    for (const { way } of this.workers) way.heal()
    for (const { pid } of await processesWith(this.home)) signal(pid, 'SIGCONT')
    await Promise.all(this.workers.map(({ service }) => service.stop(endWithinMs)))
    await this.api.stop(endWithinMs)
    await Promise.all(this.workers.map(({ way }) => way.close()))
    await this.redis.stop()
    for (const { pid } of await processesWith(this.home)) signal(pid, 'SIGKILL')
    await sleep(200)
    if (!keep) await rm(this.home, { recursive: true, force: true })
  }
}

const dataIn = (home: string) => join(home, 'data')

function startApi(environment: NodeJS.ProcessEnv): Promise<{ api: Service; url: string }> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the API does not start')), startWithinMs)
    const api = new Service({
      name: 'api',
      script: apiScript,
      flags: apiFlags,
      environment: { ...apiEnvironment, ...environment },
      onMessage: from => {
        const message = from as FromApi
        if (message.type !== 'listening') return
        clearTimeout(timer)
        resolve({ api, url: message.url })
      },
      onCrash: how => console.error(`the api ended (${how})`),
    })
  })
}
