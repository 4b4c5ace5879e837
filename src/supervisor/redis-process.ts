// The process of the Redis that `npm start` runs. It outlives its supervisor, so it may be no child of ours.
import { execFile, spawn } from 'node:child_process'
import { closeSync, openSync, readlinkSync, realpathSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Redis } from 'ioredis'
import { TrainyardError } from '../errors.js'
import { isAlive, isStopped, listProcesses, readStat } from '../processes.js'

const startTimeoutMs = 30_000
const answerTimeoutMs = 2000

export interface Address {
  path: string
  username: string
  password: string
}

/** A process of this machine, told from a later one with the same pid. */
export class RedisProcess {
  private readonly startedAt: string | undefined

  constructor(readonly pid: number) {
    this.startedAt = readStat(pid)?.startedAt
  }

  isAlive(): boolean {
    const stat = readStat(this.pid)
    if (stat !== null) return isAlive(stat) && stat.startedAt === this.startedAt
    // without /proc
    return this.startedAt === undefined && this.signal(0)
  }

  isStopped(): boolean {
    return isStopped(this.pid)
  }

  /** Sends SIGTERM, and SIGKILL after `timeoutMs`. Resolves after the process has ended. */
  async end(timeoutMs: number): Promise<void> {
    this.signal(this.isStopped() ? 'SIGKILL' : 'SIGTERM')
    if (await this.hasEnded(timeoutMs)) return
    this.signal('SIGKILL')
    if (await this.hasEnded(timeoutMs)) return
    throw new Error(
      `redis-server (process ${this.pid}) still runs ${timeoutMs / 1000} s after SIGKILL`,
    )
  }

  private async hasEnded(timeoutMs: number): Promise<boolean> {
    for (const since = Date.now(); this.isAlive(); await sleep(25)) {
      if (Date.now() - since > timeoutMs) return false
    }
    return true
  }

  private signal(signal: NodeJS.Signals | 0): boolean {
    try {
      return process.kill(this.pid, signal)
    } catch {
      return false
    }
  }
}

/** Redis's version as a number: 7.02 for 7.2. Throws REDIS_MISSING or REDIS_TOO_OLD. */
export async function serverVersion(): Promise<number> {
  const hint = 'install it (Debian and Ubuntu: apt-get install redis-server), or set REDIS_URL'
  const output = promisify(execFile)('redis-server', ['--version'])
  const { stdout } = await output.catch(cause => {
    const message = `redis-server does not start: ${cause.message}; ${hint}`
    throw new TrainyardError('REDIS_MISSING', message, { cause })
  })
  const [, major, minor] = /v=(\d+)\.(\d+)/.exec(stdout) ?? []
  const version = Number(major) + Number(minor) / 100
  if (version >= 6.02) return version
  const message = `redis-server is ${stdout.trim()}, expected 6.2 or newer; ${hint}`
  throw new TrainyardError('REDIS_TOO_OLD', message)
}

/** Starts Redis and waits until it has loaded its data. Throws REDIS_FAILED if it ends before that. */
export async function startProcess(
  config: string,
  logFile: string,
  address: Address,
): Promise<RedisProcess> {
  const log = openSync(logFile, 'a', 0o600)
  // detached, so that it outlives us: a crash here must not take the queue along
  const child = spawn('redis-server', [config], { detached: true, stdio: ['ignore', log, log] })
  closeSync(log)
  let exitReason: string | null = null
  child.once('error', error => {
    exitReason = error.message
  })
  child.once('exit', (code, signal) => {
    exitReason = `it ended with ${signal ?? `exit code ${code}`}`
  })
  child.unref()
  for (const startedAt = Date.now(); Date.now() - startedAt < startTimeoutMs; await sleep(50)) {
    const info = await query(address)
    if (info && !info.loading) return new RedisProcess(info.pid)
    if (exitReason) break
  }
  const lastLines = (await readFile(logFile, 'utf8').catch(() => '')).trim().split('\n').slice(-3)
  const message = `redis-server did not start: ${exitReason ?? 'no answer'}; its last lines: ${lastLines.join(' | ')}`
  if (!exitReason) child.kill('SIGKILL')
  throw new TrainyardError('REDIS_FAILED', message)
}

/** The Redis that answers at an address; null if none does, or if it refuses the password. */
export async function query(address: Address): Promise<{ pid: number; loading: boolean } | null> {
  const redis = new Redis({
    ...address,
    lazyConnect: true,
    enableReadyCheck: false,
    connectTimeout: answerTimeoutMs,
    commandTimeout: answerTimeoutMs,
    retryStrategy: () => null,
  })
  // connect() below rejects with the error
  redis.on('error', () => {})
  try {
    await redis.connect()
    const info = await redis.info()
    const pid = Number(/^process_id:(\d+)/m.exec(info)?.[1])
    return pid ? { pid, loading: /^loading:1/m.test(info) } : null
  } catch {
    return null
  } finally {
    redis.disconnect()
  }
}

/** The Redis processes whose working directory is `folder`, even if it has been removed since. */
export function findProcessesIn(folder: string): RedisProcess[] {
  const path = realpathSync(folder)
  const found: RedisProcess[] = []
  for (const { pid, args } of listProcesses()) {
    if (!args[0]?.includes('redis-server')) continue
    try {
      const cwd = readlinkSync(`/proc/${pid}/cwd`)
      if (cwd === path || cwd === `${path} (deleted)`) found.push(new RedisProcess(pid))
    } catch {
      // it has ended, or belongs to another user
    }
  }
  return found
}
