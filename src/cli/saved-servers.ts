import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { exitCodes } from './exit-codes.js'
import { CommandError } from './failure.js'

export interface SavedServer {
  url: string
  key: string
}

interface SavedServers {
  /** The URL that commands use without one. */
  current: string | null
  servers: SavedServer[]
}

/** Where `trainyard login` keeps keys: a file that only its user may read. */
export const savedServersFile = (environment: NodeJS.ProcessEnv): string =>
  join(
    environment.XDG_CONFIG_HOME || join(environment.HOME || homedir(), '.config'),
    'trainyard',
    'servers.json',
  )

/** The saved server with the URL, or without one the current server. */
export async function readSavedServer(
  url: string | undefined,
  environment: NodeJS.ProcessEnv,
): Promise<SavedServer | undefined> {
  const { current, servers } = await readSavedServers(environment)
  const wanted = (url ?? current)?.replace(/\/+$/, '')
  return servers.find(server => server.url === wanted)
}

export async function readSavedServers(environment: NodeJS.ProcessEnv): Promise<SavedServers> {
  const path = savedServersFile(environment)
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw new CommandError(`${path} cannot be read (${error.code})`, exitCodes.usage)
  })
  if (text === undefined) return { current: null, servers: [] }
  try {
    return JSON.parse(text) as SavedServers
  } catch {
    throw new CommandError(
      `${path} is no JSON; remove it and run \`trainyard login\` again`,
      exitCodes.usage,
    )
  }
}

export async function writeSavedServers(
  saved: SavedServers,
  environment: NodeJS.ProcessEnv,
): Promise<void> {
  const path = savedServersFile(environment)
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const next = `${path}.${process.pid}`
  await writeFile(next, `${JSON.stringify(saved, null, 2)}\n`, { mode: 0o600 })
  await chmod(next, 0o600)
  await rename(next, path)
}
