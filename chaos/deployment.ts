import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import type { Failpoint } from '../src/store/failpoints.js'
import { openFolderStore } from '../src/store/folder-store.js'
import type { Store } from '../src/store/store.js'
import { socketFolder } from '../src/supervisor/folder-lock.js'
import { type LocalServer, startServer } from '../src/supervisor/start-server.js'
import { eventually, within } from '../testing/eventually.js'
import { freePort } from '../testing/free-port.js'
import { findProcessesOf } from '../testing/processes.js'
import { ChaosBucket } from './chaos-bucket.js'
import { withCleanup } from './with-cleanup.js'

/** Patterns of the processes' command lines. */
const commandPatterns = {
  supervisor: /supervisor\/main\.js/,
  api: /src\/api\/main\.js/,
  worker: /workers\/worker\.js/,
  trainer: /workers\/trainer\.js/,
  planner: /workers\/planner\.js/,
  predictor: /workers\/(row-)?predictor\.js/,
  checkpointExporter: /workers\/checkpoint-exporter\.js/,
  conversion: /datasets\/conversion-process\.js/,
  derivation: /datasets\/derivation-process\.js/,
  comparison: /datasets\/comparison-process\.js/,
  preview: /preview\/preview-process\.js/,
  datasetExport: /datasets\/exports\/export-process\.js/,
  modelExport: /src\/exports\/export-process\.js/,
  redis: /^redis-server/,
} as const

export type ProcessRole = keyof typeof commandPatterns

const startTimeoutMs = 90_000
const stopTimeoutMs = 60_000
const exitTimeoutMs = 10_000

export interface DeploymentOptions {
  settings?: NodeJS.ProcessEnv
  /** Whether a bucket is the store, in place of the data folder. */
  inBucket?: boolean
}

/**
 * All processes of one `npm start`, as the target of faults. Unlike `TestDeployment`, it keeps its port over
 * restarts, finds its processes after their supervisor has died, and has failpoints.
 */
export class ChaosDeployment {
  private server: LocalServer | null = null

  private constructor(
    readonly folder: string,
    readonly port: number,
    private readonly failpointsFile: string,
    private readonly settings: NodeJS.ProcessEnv,
    /** Its store; null if that is the folder. */
    readonly bucket: ChaosBucket | null,
  ) {}

  static async open({
    settings = {},
    inBucket = false,
  }: DeploymentOptions = {}): Promise<ChaosDeployment> {
    const bucket = inBucket ? await ChaosBucket.start() : null
    const root = await mkdtemp(join(tmpdir(), 'trainyard-chaos-'))
    const failpointsFile = join(root, 'failpoints.json')
    const deployment = new ChaosDeployment(
      join(root, 'data'),
      await freePort(),
      failpointsFile,
      { ...settings, ...bucket?.settings },
      bucket,
    )
    await deployment.start()
    return deployment
  }

  /** Runs `work` on a new deployment, then destroys it. If `keep` returns true after the work, its folder stays. */
  static async with<T>(
    work: (deployment: ChaosDeployment) => Promise<T>,
    { keep = () => false, ...options }: DeploymentOptions & { keep?(): boolean } = {},
  ): Promise<T> {
    return withCleanup(await ChaosDeployment.open(options), work, keep)
  }

  get root(): string {
    return join(this.folder, '..')
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  get key(): string {
    return this.server!.key
  }

  get environment(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      TRAINYARD_PORT: String(this.port),
      TRAINYARD_SLOTS: '2',
      TRAINYARD_LOG_LEVEL: 'error',
      // this path also identifies the processes of this deployment
      TRAINYARD_FAILPOINTS: this.failpointsFile,
      ...this.settings,
    }
  }

  /** Retries for 90 s: the processes of a killed supervisor hold the port until they exit. */
  async start(): Promise<void> {
    for (const since = Date.now(); ; await sleep(500)) {
      try {
        const started = startServer(this.folder, this.environment)
        this.server = await within('the server to listen', started, { timeoutMs: startTimeoutMs })
        return
      } catch (error) {
        if (Date.now() - since > startTimeoutMs) {
          throw new Error(`the server did not start within ${startTimeoutMs / 1000} s`, {
            cause: error,
          })
        }
      }
    }
  }

  async stop(): Promise<void> {
    const stopped = this.server?.stop() ?? Promise.resolve()
    await within('the server to exit after SIGTERM', stopped, { timeoutMs: stopTimeoutMs })
    this.server = null
  }

  /** Kills the processes that are left, and removes the folder unless `keep`. */
  async destroy(keep: boolean): Promise<void> {
    await killAll(() => this.processes())
    await this.bucket?.destroy(keep)
    if (!keep) await rm(this.root, { recursive: true, force: true })
  }

  /** Opens what it stores, as another host sees it if that is a bucket. */
  openStore(): Promise<Store> {
    const { bucket, folder, root } = this
    return bucket ? bucket.openStore(join(root, 'another-host')) : openFolderStore(folder)
  }

  /** The running processes of this deployment, recognized by its folder. */
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

  /** Contains Redis's append-only files. */
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
    // the failed command throws the error too
    redis.on('error', () => {})
    try {
      await redis.connect()
      return await work(redis)
    } finally {
      redis.disconnect()
    }
  }
}

/** Kills processes until `list` finds none, because one of them may have started another before it died. */
export async function killAll(list: () => Promise<readonly { pid: number }[]>): Promise<void> {
  const allExited = async () => {
    const left = await list()
    for (const { pid } of left) signal(pid, 'SIGKILL')
    return left.length === 0
  }
  await eventually('killed processes to exit', allExited, { timeoutMs: exitTimeoutMs })
}

/** Returns false if the process no longer exists. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name)
  } catch {
    return false
  }
}
