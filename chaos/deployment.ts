// The system under test: all processes of one `npm start`, how they are found, and how they end.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { type LocalServer, startServer } from '../src/client/server.js'
import type { Failpoint } from '../src/store/failpoints.js'
import { socketFolder } from '../src/supervisor/folder-lock.js'
import { findProcessesOf } from '../testing/processes.js'
import { withCleanup } from './with-cleanup.js'

/** What a command line of each looks like. */
const commandPatterns = {
  supervisor: /supervisor\/main\.js/,
  api: /src\/api\/main\.js/,
  worker: /workers\/worker\.js/,
  trainer: /workers\/trainer\.js/,
  predictor: /workers\/(row-)?predictor\.js/,
  redis: /^redis-server/,
} as const

export type ProcessRole = keyof typeof commandPatterns

const startTimeoutMs = 90_000

export class TestDeployment {
  #server: LocalServer | null = null

  private constructor(
    readonly folder: string,
    readonly port: number,
    private readonly failpointsFile: string,
    private readonly settings: NodeJS.ProcessEnv,
  ) {}

  /** A fresh data folder below a scratch folder, and a free port that stays the same over restarts. */
  static async open(settings: NodeJS.ProcessEnv = {}): Promise<TestDeployment> {
    const root = await mkdtemp(join(tmpdir(), 'trainyard-chaos-'))
    const failpointsFile = join(root, 'failpoints.json')
    const deployment = new TestDeployment(
      join(root, 'data'),
      await freePort(),
      failpointsFile,
      settings,
    )
    await deployment.start()
    return deployment
  }

  /** A fresh deployment for `work`, and nothing of it left behind unless `keep` says so afterwards. */
  static async with<T>(
    work: (deployment: TestDeployment) => Promise<T>,
    { settings = {}, keep = () => false }: { settings?: NodeJS.ProcessEnv; keep?(): boolean } = {},
  ): Promise<T> {
    return withCleanup(await TestDeployment.open(settings), work, keep)
  }

  get root(): string {
    return join(this.folder, '..')
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  get key(): string {
    return this.#server!.key
  }

  get environment(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      TRAINYARD_PORT: String(this.port),
      TRAINYARD_SLOTS: '2',
      TRAINYARD_LOG_LEVEL: 'error',
      // the path is this run's alone: also the mark by which its processes are known
      TRAINYARD_FAILPOINTS: this.failpointsFile,
      ...this.settings,
    }
  }

  /** Tries again for a while: what a killed supervisor left behind holds the port until it has ended. */
  async start(): Promise<void> {
    for (const since = Date.now(); ; await sleep(500)) {
      try {
        this.#server = await startServer(this.folder, this.environment)
        return
      } catch (error) {
        if (Date.now() - since > startTimeoutMs) throw error
      }
    }
  }

  async stop(): Promise<void> {
    await this.#server?.stop()
    this.#server = null
  }

  /** Ends whatever is left, at once. */
  async destroy(keep: boolean): Promise<void> {
    for (const { pid } of await this.processes()) signal(pid, 'SIGKILL')
    await sleep(200)
    if (!keep) await rm(this.root, { recursive: true, force: true })
  }

  /** Only this run's: all of it lies in its folder. */
  processes() {
    return findProcessesOf(this.root)
  }

  async find(kind: ProcessRole): Promise<number[]> {
    const all = await this.processes()
    return all.filter(({ command }) => commandPatterns[kind].test(command)).map(({ pid }) => pid)
  }

  async hasProcess(pid: number): Promise<boolean> {
    return (await this.processes()).some(one => one.pid === pid)
  }

  async setFailpoints(list: readonly Failpoint[]): Promise<void> {
    await writeFile(this.failpointsFile, JSON.stringify(list))
  }

  /** The folder of Redis's append-only files. */
  get appendOnlyFolder(): string {
    return join(this.folder, 'redis', 'appendonlydir')
  }

  async withRedis<T>(work: (redis: Redis) => Promise<T>): Promise<T> {
    const password = await readFile(join(this.folder, 'redis', 'secret'), 'utf8')
    const redis = new Redis({
      path: join(await socketFolder(this.folder), 'redis.sock'),
      username: 'trainyard',
      password,
      lazyConnect: true,
      commandTimeout: 5000,
      retryStrategy: () => null,
    })
    redis.on('error', () => {}) // the failed command says it
    try {
      await redis.connect()
      return await work(redis)
    } finally {
      redis.disconnect()
    }
  }
}

/** False where there is no such process any more. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name)
  } catch {
    return false
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}
