import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { openFolderStore } from '../src/store/folder-store.js'
import type { Store } from '../src/store/store.js'
import { EmbeddedRedis } from '../src/supervisor/embedded-redis.js'
import { withTempFolder } from '../testing/temp-folder.js'
import { type ApiProcess, startApiProcess } from './api-process.js'

const prefix = 'bench'
const key = 'key-of-the-bench'

/** A new data folder and the Redis that `npm start` would run on it, without a worker: jobs stay queued. */
export interface BenchDeployment {
  folder: string
  store: Store
  redis: Redis
  prefix: string
  key: string
  startApi(): Promise<ApiWithMemory>
}

export interface ApiWithMemory extends ApiProcess {
  /** Resident memory in MiB, now and at its peak. */
  memory(): Promise<{ now: number; peak: number }>
}

/** Runs `work` on a new deployment, then stops its processes and removes its files. */
export const withBenchDeployment = <T>(
  work: (deployment: BenchDeployment) => Promise<T>,
): Promise<T> => withTempFolder(root => withDeploymentIn(join(root, 'data'), work))

/** Runs `work` on the deployment of a data folder, new or kept, then stops its processes. */
export async function withDeploymentIn<T>(
  folder: string,
  work: (deployment: BenchDeployment) => Promise<T>,
): Promise<T> {
  const store = await openFolderStore(folder)
  const server = await EmbeddedRedis.open(folder)
  const { pathname, username, password } = new URL(server.url)
  const redis = new Redis({ path: decodeURIComponent(pathname), username, password })
  // a failed command throws the error too
  redis.on('error', () => {})
  const environment = {
    TRAINYARD_DATA: folder,
    TRAINYARD_LOG_LEVEL: 'error',
    TRAINYARD_KEY: key,
    TRAINYARD_REDIS_PREFIX: prefix,
    REDIS_URL: server.url,
  }
  const running = new Set<ApiProcess>()
  const startApi = async (): Promise<ApiWithMemory> => {
    const api = await startApiProcess(environment)
    running.add(api)
    const stop = async () => {
      await api.stop()
      running.delete(api)
    }
    return { ...api, memory: () => memoryOf(api.pid), stop }
  }
  try {
    return await work({ folder, store, redis, prefix, key, startApi })
  } finally {
    for (const api of running) await api.stop()
    redis.disconnect()
    await server.stop()
  }
}

async function memoryOf(pid: number) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const mebibytes = (field: string) =>
    Math.round(Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)![1]) / 1024)
  return { now: mebibytes('VmRSS'), peak: mebibytes('VmHWM') }
}
