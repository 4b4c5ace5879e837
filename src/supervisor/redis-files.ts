// The files of the Redis that `npm start` runs, in `redis/` of the data folder.
import { createHash, randomBytes } from 'node:crypto'
import { access, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const configName = 'redis.conf'
const usersName = 'users.acl'
const secretName = 'secret'
export const logName = 'redis.log'
const damagedName = 'damaged'
/** Everything else in the folder is Redis's data. */
const ownNames: readonly string[] = [configName, usersName, secretName, logName, damagedName]

export const redisUser = 'trainyard'

export async function readOrCreateSecret(folder: string): Promise<string> {
  const existing = await readFile(join(folder, secretName), 'utf8').catch(() => '')
  return /^[0-9a-f]{64}$/.test(existing) ? existing : randomBytes(32).toString('hex')
}

/** Writes secret, users and configuration, and returns the path of the configuration. */
export async function writeFiles(
  folder: string,
  socket: string,
  secret: string,
  version: number,
): Promise<string> {
  // not recursive: without a data folder, none must appear
  await mkdir(folder, { mode: 0o700 }).catch(ignoreExisting)
  const write = async (name: string, text: string) => {
    await writeFile(join(folder, name), text, { mode: 0o600 })
    return join(folder, name)
  }
  await write(secretName, secret)
  const hash = createHash('sha256').update(secret).digest('hex')
  const deniedCommands =
    'acl bgsave config debug failover migrate module replicaof save shutdown slaveof'
  const denyRules = deniedCommands.split(' ').map(command => `-${command}`)
  const rules = `~* &* +@all ${denyRules.join(' ')}`
  // No client can log in as `default`, but Redis replays its append-only file as that user. Without these
  // rules, Redis 7.0 drops every transaction in the file, and with them what BullMQ's scripts wrote.
  const users = await write(
    usersName,
    `user default off ${rules}\nuser ${redisUser} on #${hash} ${rules}\n`,
  )
  const settings = [
    'port 0',
    `unixsocket "${socket}"`,
    'unixsocketperm 600',
    `dir "${folder}"`,
    `aclfile "${users}"`,
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
  return write(configName, `${settings.join('\n')}\n`)
}

/** The path of a file that a running Redis needs, now or at its next start, and that is gone; else null. */
export async function findMissingFile(folder: string, socket: string): Promise<string | null> {
  for (const path of [socket, ...[secretName, configName, usersName].map(n => join(folder, n))]) {
    if (!(await exists(path))) return path
  }
  const manifest = join(folder, 'appendonlydir', 'appendonly.aof.manifest')
  // the name of the append-only file before Redis 7
  return (await exists(manifest)) || (await exists(join(folder, 'appendonly.aof')))
    ? null
    : manifest
}

/** Moves Redis's data to a folder beside it, in the place of older damaged data. Returns null if there is none. */
export async function setDataAside(folder: string): Promise<string | null> {
  const names = await dataNames(folder)
  if (names.length === 0) return null
  const damaged = join(folder, damagedName)
  await rm(damaged, { recursive: true, force: true })
  await mkdir(damaged, { mode: 0o700 })
  for (const name of names) await rename(join(folder, name), join(damaged, name))
  return damaged
}

/** Undoes `setDataAside`. */
export async function putDataBack(folder: string): Promise<void> {
  for (const name of await dataNames(folder)) {
    await rm(join(folder, name), { recursive: true, force: true })
  }
  const damaged = join(folder, damagedName)
  for (const name of await readdir(damaged)) await rename(join(damaged, name), join(folder, name))
  await rm(damaged, { recursive: true })
}

async function dataNames(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter(name => !ownNames.includes(name))
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )
