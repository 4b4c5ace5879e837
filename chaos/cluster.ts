import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { FromApi } from '../src/spec/ipc-messages.js'
import { apiEnvironment, apiFlags, apiScript } from '../src/supervisor/api-process.js'
import { EmbeddedRedis } from '../src/supervisor/embedded-redis.js'
import { Service } from '../src/supervisor/service.js'
import { findDescendants, findProcessesOf } from '../testing/processes.js'
import { killAll, signal } from './deployment.js'
import { RedisProxy } from './redis-proxy.js'
import { withCleanup } from './with-cleanup.js'

const startTimeoutMs = 60_000
const stopTimeoutMs = 15_000
const trainerScript = 'workers/trainer.js'

const workerScript = fileURLToPath(new URL('../workers/worker.js', import.meta.url))

/** A worker with one slot, no spare trainer, and its own proxy to Redis. */
export class ClusterWorker {
  constructor(
    readonly name: string,
    readonly redisProxy: RedisProxy,
    readonly service: Service,
  ) {}

  /** Its trainer process, if it has a job. */
  async trainer(): Promise<number | undefined> {
    const { pid } = this.service
    return pid === undefined ? undefined : (await findDescendants(pid, trainerScript))[0]
  }
}

/** One Redis, one data folder, one API, and several workers as if on separate hosts. Each can be cut off from Redis. */
export class TestCluster {
  private constructor(
    readonly root: string,
    private readonly redis: EmbeddedRedis,
    private readonly api: Service,
    readonly url: string,
    readonly key: string,
    readonly workers: readonly ClusterWorker[],
  ) {}

  private static async open(names: readonly string[], lockMs: number): Promise<TestCluster> {
    const root = await mkdtemp(join(tmpdir(), 'trainyard-cluster-'))
    const data = dataFolderIn(root)
    await mkdir(data)
    const redis = await EmbeddedRedis.open(data)
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
      const redisProxy = await RedisProxy.open(redis.url)
      const service = new Service({
        name,
        script: workerScript,
        environment: {
          ...environment,
          TRAINYARD_SLOTS: '1',
          TRAINYARD_SPARE_TRAINERS: 'off',
          REDIS_URL: redisProxy.url,
        },
        onCrash: how => console.error(`${name} exited (${how})`),
      })
      return new ClusterWorker(name, redisProxy, service)
    })
    const key = (await readFile(join(data, 'key'), 'utf8')).trim()
    return new TestCluster(root, redis, api, url, key, await Promise.all(workers))
  }

  /** Runs `work` on a new cluster, then destroys it. If `keep` returns true after the work, its folder stays. */
  static async with<T>(
    names: readonly string[],
    lockMs: number,
    work: (cluster: TestCluster) => Promise<T>,
    keep: () => boolean,
  ): Promise<T> {
    return withCleanup(await TestCluster.open(names, lockMs), work, keep)
  }

  get folder(): string {
    return dataFolderIn(this.root)
  }

  /** The trainers of all workers, including workers that have exited. */
  async trainers(): Promise<number[]> {
    const all = await findProcessesOf(this.root)
    return all.filter(({ command }) => command.includes(trainerScript)).map(({ pid }) => pid)
  }

  async destroy(keep: boolean): Promise<void> {
    for (const { redisProxy } of this.workers) redisProxy.heal()
    for (const { pid } of await findProcessesOf(this.root)) signal(pid, 'SIGCONT')
    await Promise.all(this.workers.map(({ service }) => service.stop(stopTimeoutMs)))
    await this.api.stop(stopTimeoutMs)
    await Promise.all(this.workers.map(({ redisProxy }) => redisProxy.close()))
    await this.redis.stop()
    await killAll(() => findProcessesOf(this.root))
    if (!keep) await rm(this.root, { recursive: true, force: true })
  }
}

const dataFolderIn = (root: string) => join(root, 'data')

function startApi(environment: NodeJS.ProcessEnv): Promise<{ api: Service; url: string }> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(`the API did not listen within ${startTimeoutMs / 1000} s`))
    }, startTimeoutMs)
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
      onCrash: how => console.error(`the API exited (${how})`),
    })
  })
}
