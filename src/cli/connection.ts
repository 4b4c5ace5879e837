import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Client } from '../client/client.js'
import { findHolder } from '../folder-holder.js'
import { dataFolder, keyFile } from './data-folder.js'
import { exitCodes } from './exit-codes.js'
import { CommandError } from './failure.js'
import { readSavedServer } from './saved-servers.js'

export interface Connection {
  url: string
  key: string
}

const localUrl = 'http://127.0.0.1:8080'

/**
 * Which server a command speaks to, and with which key. Each is the first that is given: the option, the variable
 * (TRAINYARD_URL, TRAINYARD_KEY), what `trainyard login` has saved, or the server of this machine, whose key lies in
 * its data folder.
 */
export async function findConnection(
  options: { url?: string; key?: string },
  environment: NodeJS.ProcessEnv,
): Promise<Connection> {
  const url = await serverUrl(options, environment)
  const saved = await readSavedServer(url, environment)
  const key =
    options.key ??
    keyOfEnvironment(url, environment) ??
    saved?.key ??
    (await localKey(url, environment))
  if (key === undefined) {
    throw new CommandError(
      `no key for ${url}; \`trainyard login\` asks for it, or set TRAINYARD_KEY. For a server on this machine, \`trainyard up\` starts one and makes a key.`,
      exitCodes.notAllowed,
    )
  }
  return { url, key }
}

/** The URL alone, for commands that need no key. */
export async function serverUrl(
  options: { url?: string | undefined },
  environment: NodeJS.ProcessEnv,
): Promise<string> {
  const named = options.url ?? (environment.TRAINYARD_URL || undefined)
  const found = named ?? (await readSavedServer(undefined, environment))?.url
  const url = (found ?? (await findLocalUrl(environment)) ?? localUrl).replace(/\/+$/, '')
  if (URL.canParse(url) && /^https?:/.test(url)) return url
  throw new CommandError(
    `'${url}' is no URL of a server; expected one such as ${localUrl}`,
    exitCodes.usage,
  )
}

export const isLocal = (url: string): boolean =>
  ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(url).hostname)

/** A person waits for the answer, so a server that does not answer is an error at once. */
export const connect = ({ url, key }: Connection): Client => new Client({ url, key, retryForMs: 0 })

/** A key that is set together with a URL is for that server, and no other gets it. */
function keyOfEnvironment(url: string, environment: NodeJS.ProcessEnv): string | undefined {
  const { TRAINYARD_URL, TRAINYARD_KEY } = environment
  if (!TRAINYARD_URL || !URL.canParse(TRAINYARD_URL)) return TRAINYARD_KEY || undefined
  return new URL(TRAINYARD_URL).origin === new URL(url).origin
    ? TRAINYARD_KEY || undefined
    : undefined
}

/** The key that a server of this machine has in its data folder. It is never sent elsewhere. */
export async function localKey(
  url: string,
  environment: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  if (!isLocal(url)) return undefined
  for (const folder of localFolders(environment)) {
    const text = await readFile(keyFile(folder), 'utf8').catch(() => undefined)
    if (text !== undefined) return text.trim()
  }
  return undefined
}

/** Where the server of this machine listens, if one uses a data folder that commands look into. */
async function findLocalUrl(environment: NodeJS.ProcessEnv): Promise<string | undefined> {
  for (const folder of localFolders(environment)) {
    const holder = await findHolder(folder)
    if (holder?.url) return holder.url
  }
  return undefined
}

/** TRAINYARD_DATA alone; or that of `npm start` in this folder, and the default one. */
const localFolders = (environment: NodeJS.ProcessEnv): string[] =>
  environment.TRAINYARD_DATA
    ? [environment.TRAINYARD_DATA]
    : [...new Set([resolve('data'), dataFolder(environment)])]
