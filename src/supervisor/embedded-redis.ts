import { access, mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { socketFolder } from './folder-lock.js'
import {
  findMissingFile,
  logName,
  putDataBack,
  readOrCreateSecret,
  redisUser,
  setDataAside,
  writeFiles,
} from './redis-files.js'
import {
  findProcessesIn,
  query,
  RedisProcess,
  serverVersion,
  startProcess,
} from './redis-process.js'

const stopTimeoutMs = 10_000
/** The time to end before it is started again. It has only a second of writes to save. */
const restartTimeoutMs = 2000
const checkIntervalMs = 500
const maxStoppedChecks = 4

/** Tells the operator in one line what happened. */
type Report = (line: string) => void

/**
 * The Redis of a data folder. Whatever happens to its process, its files or its socket, it starts again
 * at the same address with the same password, so that clients only have to reconnect.
 */
export class EmbeddedRedis {
  private process!: RedisProcess
  private readonly stopping = new AbortController()
  private watch: Promise<void> = Promise.resolve()
  private stoppedChecks = 0
  private lastProblem = ''
  /** True if it was already running: Redis survives a crash of its supervisor. */
  adopted = false

  private constructor(
    private readonly dataFolder: string,
    private readonly folder: string,
    private readonly secret: string,
    private readonly socket: string,
    private readonly report: Report,
  ) {}

  /** Starts redis-server for a data folder, or adopts the running one. The caller must hold the folder's lock. */
  static async open(dataFolder: string, report: Report = console.error): Promise<EmbeddedRedis> {
    const folder = join(dataFolder, 'redis')
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const secret = await readOrCreateSecret(folder)
    const socket = join(await socketFolder(dataFolder), 'redis.sock')
    const redis = new EmbeddedRedis(dataFolder, folder, secret, socket, report)
    const running = await query(redis.address)
    if (running) {
      redis.adopted = true
      redis.process = new RedisProcess(running.pid)
    } else {
      await redis.start()
    }
    return redis
  }

  /** A value for REDIS_URL, including the password. It stays the same. */
  get url(): string {
    return `unix://${redisUser}:${this.secret}@localhost${this.socket}`
  }

  get pid(): number {
    return this.process.pid
  }

  /** From now on starts Redis again if it ends, is stopped, or loses a file or its socket. */
  keepRunning(onRestart: () => void = () => {}): void {
    this.watch = this.watchUntilStopped(onRestart)
  }

  async stop(): Promise<void> {
    this.stopping.abort()
    await this.watch
    await this.process.end(stopTimeoutMs)
  }

  private get address() {
    return { path: this.socket, username: redisUser, password: this.secret }
  }

  private async watchUntilStopped(onRestart: () => void): Promise<void> {
    const { signal } = this.stopping
    while (!signal.aborted) {
      await sleep(checkIntervalMs, undefined, { signal }).catch(() => {})
      try {
        const problem = await this.findProblem()
        if (problem === null || signal.aborted) continue
        await this.process.end(restartTimeoutMs)
        await this.start()
        this.lastProblem = ''
        this.report(`Redis was started again: ${problem}`)
        onRestart()
      } catch (error) {
        const { message } = error as Error
        if (message !== this.lastProblem) this.report(`Redis does not start: ${message}`)
        this.lastProblem = message
      }
    }
  }

  private async findProblem(): Promise<string | null> {
    if (!this.process.isAlive()) return 'it had ended'
    this.stoppedChecks = this.process.isStopped() ? this.stoppedChecks + 1 : 0
    if (this.stoppedChecks >= maxStoppedChecks) return 'it was stopped'
    const missing = await findMissingFile(this.folder, this.socket)
    if (missing === null) return null
    // without the data folder itself Redis could not start again, but a running one still serves
    const isFolderThere = await access(this.dataFolder).then(
      () => true,
      () => false,
    )
    return isFolderThere ? `${missing} had been removed` : null
  }

  private async start(): Promise<void> {
    this.stoppedChecks = 0
    const version = await serverVersion()
    await mkdir(dirname(this.socket), { recursive: true, mode: 0o700 })
    const config = await writeFiles(this.folder, this.socket, this.secret, version)
    // one that has lost its socket or has another password; two would damage each other's files
    for (const other of findProcessesIn(this.folder)) await other.end(restartTimeoutMs)
    const start = () => startProcess(config, join(this.folder, logName), this.address)
    this.process = await start().catch(error => this.startWithoutData(start, error as Error))
  }

  /** Redis refuses damaged files. It holds only what can be rebuilt from the store, so it starts without them. */
  private async startWithoutData(
    start: () => Promise<RedisProcess>,
    error: Error,
  ): Promise<RedisProcess> {
    const damaged = await setDataAside(this.folder)
    if (damaged === null) throw error
    try {
      const process = await start()
      this.report(
        `Redis did not start with its files, which were moved to ${damaged}: ${error.message}. It is empty now; the queue is filled again from the jobs in the data folder`,
      )
      return process
    } catch {
      await putDataBack(this.folder)
      throw error
    }
  }
}
