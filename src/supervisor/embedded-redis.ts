import { execFile, spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { closeSync, openSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Redis } from 'ioredis'
import { TrainyardError } from '../errors.js'
import { socketFolder } from './folder-lock.js'

const user = 'trainyard'
const startTimeoutMs = 30_000
const stopTimeoutMs = 10_000
const pollIntervalMs = 1000

export interface EmbeddedRedis {
  /** A value for REDIS_URL, including the password. */
  url: string
  pid: number
  /** True if it was already running: Redis survives a crash of its supervisor. */
  adopted: boolean
  /** Restarts Redis at the same address whenever it ends. */
  restartOnExit(onRestart: (error: Error | null) => void): void
  stop(): Promise<void>
}

/** Starts redis-server for a data folder, or adopts the running one. The caller must hold the folder's lock. */
export async function openRedis(dataFolder: string): Promise<EmbeddedRedis> {
  const redisFolder = join(dataFolder, 'redis')
  await mkdir(redisFolder, { recursive: true, mode: 0o700 })
  const socket = join(await socketFolder(dataFolder), 'redis.sock')
  const secret = await readOrCreateSecret(join(redisFolder, 'secret'))
  const url = `unix://${user}:${secret}@localhost${socket}`
  const connection = { path: socket, username: user, password: secret }

  let pid = await queryPid(connection)
  const adopted = pid !== null
  if (pid === null) {
    const version = await serverVersion()
    const config = await writeConfig(redisFolder, socket, secret, version)
    pid = await start(config, join(redisFolder, 'redis.log'), connection)
  }
  return new RunningRedis(dataFolder, url, pid, adopted)
}

class RunningRedis implements EmbeddedRedis {
  private pollTimer: NodeJS.Timeout | undefined

  constructor(
    private readonly dataFolder: string,
    readonly url: string,
    public pid: number,
    readonly adopted: boolean,
  ) {}

  restartOnExit(onRestart: (error: Error | null) => void): void {
    // an adopted Redis is not our child, so its end must be polled for
    this.pollTimer = setTimeout(async () => {
      try {
        if (!isAlive(this.pid)) {
          this.pid = (await openRedis(this.dataFolder)).pid
          onRestart(null)
        }
      } catch (error) {
        onRestart(error as Error)
      }
      if (this.pollTimer) this.restartOnExit(onRestart)
    }, pollIntervalMs)
  }

  async stop(): Promise<void> {
    clearTimeout(this.pollTimer)
    this.pollTimer = undefined
    await stop(this.pid)
  }
}

async function readOrCreateSecret(file: string): Promise<string> {
  const existing = await readFile(file, 'utf8').catch(() => '')
  if (/^[0-9a-f]{64}$/.test(existing)) return existing
  const secret = randomBytes(32).toString('hex')
  await writeFile(file, secret, { mode: 0o600 })
  return secret
}

async function serverVersion(): Promise<number> {
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

async function writeConfig(
  redisFolder: string,
  socket: string,
  secret: string,
  version: number,
): Promise<string> {
  const hash = createHash('sha256').update(secret).digest('hex')
  const deniedCommands =
    'acl bgsave config debug failover migrate module replicaof save shutdown slaveof'
  const denyRules = deniedCommands.split(' ').map(command => `-${command}`)
  const rules = `~* &* +@all ${denyRules.join(' ')}`
  // No client can log in as `default`, but Redis replays its append-only file as that user. Without these
  // rules, Redis 7.0 drops every transaction in the file, and with them what BullMQ's scripts wrote.
  await writeFile(
    join(redisFolder, 'users.acl'),
    `user default off ${rules}\nuser ${user} on #${hash} ${rules}\n`,
    { mode: 0o600 },
  )
  const settings = [
    'port 0',
    `unixsocket "${socket}"`,
    'unixsocketperm 600',
    `dir "${redisFolder}"`,
    `aclfile "${join(redisFolder, 'users.acl')}"`,
    'daemonize no',
    // everysec refuses writes on a full disk and recovers; always would end Redis
    'appendonly yes',
    'appendfsync everysec',
    'no-appendfsync-on-rewrite no',
    'aof-load-truncated yes',
    'save ""',
    'maxmemory 512mb',
    'maxmemory-policy noeviction',
    ...(version >= 7 ? ['enable-debug-command no', 'enable-module-command no'] : []),
  ]
  const config = join(redisFolder, 'redis.conf')
  await writeFile(config, `${settings.join('\n')}\n`, { mode: 0o600 })
  return config
}

type ConnectionOptions = { path: string; username: string; password: string }

async function start(
  config: string,
  logFile: string,
  connection: ConnectionOptions,
): Promise<number> {
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
    const pid = await queryPid(connection)
    if (pid !== null) return pid
    if (exitReason) break
  }
  const lastLines = (await readFile(logFile, 'utf8').catch(() => '')).trim().split('\n').slice(-3)
  const message = `redis-server did not start: ${exitReason ?? 'no answer'}; its last lines: ${lastLines.join(' | ')}`
  throw new TrainyardError('REDIS_FAILED', message)
}

/** Pid of the Redis that answers; null if none does. */
async function queryPid(connection: ConnectionOptions): Promise<number | null> {
  const redis = new Redis({ ...connection, lazyConnect: true, retryStrategy: () => null })
  // connect() below rejects with the error
  redis.on('error', () => {})
  try {
    await redis.connect()
    const info = await redis.info('server')
    return Number(/^process_id:(\d+)/m.exec(info)?.[1]) || null
  } catch {
    return null
  } finally {
    redis.disconnect()
  }
}

async function stop(pid: number): Promise<void> {
  if (!isAlive(pid)) return
  process.kill(pid, 'SIGTERM')
  for (const startedAt = Date.now(); Date.now() - startedAt < stopTimeoutMs; await sleep(25)) {
    if (!isAlive(pid)) return
  }
  throw new Error(
    `redis-server (process ${pid}) still runs ${stopTimeoutMs / 1000} s after SIGTERM`,
  )
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
