import { createHash, randomBytes } from 'node:crypto'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { keyFile } from '../data-folder.js'
import { exitCodes } from '../exit-codes.js'
import { CommandError, usageError } from '../failure.js'

export interface StoredKey {
  /** As it was added; `server` for the one that the server has made. */
  name: string
  /** As records name who did something: the beginning of the hash. */
  caller: string
  createdAt: string
  sha256: string
}

/** An entry of keys.json (src/api/http/api-keys.ts). The server reads only hash and time. */
interface KeyEntry {
  sha256: string
  createdAt: string
  name?: string
}

/** The name of the key that the server has made. */
const serverName = 'server'

const keysFile = (folder: string) => join(folder, 'keys.json')

export async function readKey(folder: string): Promise<string> {
  const text = await read(keyFile(folder))
  if (text !== null) return text.trim()
  throw new CommandError(
    `there is no ${keyFile(folder)}: the first start of a server makes it; --data or TRAINYARD_DATA names another data folder`,
    exitCodes.usage,
  )
}

export async function readKeys(folder: string): Promise<StoredKey[]> {
  const key = await read(keyFile(folder))
  const own = key === null ? null : hashOf(key.trim())
  const entries = await readEntries(folder)
  return entries.map(({ sha256, createdAt, name }) => {
    const caller = `key-${sha256.slice(0, 8)}`
    return { name: sha256 === own ? serverName : (name ?? caller), caller, createdAt, sha256 }
  })
}

/** Makes a key and adds its hash. The folder keeps no key that was added. */
export async function addKey(folder: string, name: string): Promise<string> {
  if (!/^[\w.@-]{1,64}$/.test(name)) {
    throw usageError(
      `'${name}' is no name of a key; expected 1 to 64 letters, digits, dots, dashes and @`,
    )
  }
  await readKey(folder)
  if ((await readKeys(folder)).some(each => each.name === name)) {
    throw usageError(`there is a key ${name} already; \`trainyard keys rm ${name}\` removes it`)
  }
  const key = newKey()
  await writeEntries(folder, [...(await readEntries(folder)), { ...entryOf(key), name }])
  return key
}

export async function removeKey(folder: string, name: string): Promise<StoredKey> {
  const keys = await readKeys(folder)
  const found = keys.find(each => each.name === name || each.caller === name)
  if (!found) {
    const known = keys.map(each => each.name).join(', ') || 'none'
    throw usageError(`there is no key ${name} in ${keysFile(folder)}; there are: ${known}`)
  }
  if (found.name === serverName) {
    throw usageError(
      'the key that the server has made cannot be removed, since the next start would add it again; `trainyard keys rotate` replaces it',
    )
  }
  const entries = await readEntries(folder)
  await writeEntries(
    folder,
    entries.filter(({ sha256 }) => sha256 !== found.sha256),
  )
  return found
}

/** Replaces the key that the server has made. */
export async function replaceKey(folder: string): Promise<string> {
  const former = hashOf(await readKey(folder))
  const key = newKey()
  // If this ends in between, both keys are accepted, and the file has the former one.
  const others = (await readEntries(folder)).filter(({ sha256 }) => sha256 !== former)
  const both = [...(await readEntries(folder)), entryOf(key)]
  await writeEntries(folder, both)
  await writeAtOnce(keyFile(folder), `${key}\n`)
  await writeEntries(folder, [...others, entryOf(key)])
  return key
}

const newKey = () => `ty_${randomBytes(32).toString('base64url')}`

const hashOf = (key: string) => createHash('sha256').update(key).digest('hex')

const entryOf = (key: string): KeyEntry => ({
  sha256: hashOf(key),
  createdAt: new Date().toISOString(),
})

async function readEntries(folder: string): Promise<KeyEntry[]> {
  const path = keysFile(folder)
  const text = await read(path)
  if (text === null) return []
  try {
    const { keys } = JSON.parse(text) as { keys: KeyEntry[] }
    if (keys.every(({ sha256 }) => /^[0-9a-f]{64}$/.test(sha256))) return keys
  } catch {
    // said below
  }
  throw usageError(`${path} is damaged; docs/operations.md#keys says what it holds`)
}

const writeEntries = (folder: string, keys: readonly KeyEntry[]) =>
  writeAtOnce(keysFile(folder), `${JSON.stringify({ keys }, null, 2)}\n`)

/** Durably, and in one step: a server reads the former content or the new one. */
async function writeAtOnce(path: string, text: string): Promise<void> {
  const next = `${path}.${randomBytes(6).toString('hex')}`
  try {
    await writeFile(next, text, { mode: 0o600, flush: true })
    await rename(next, path)
  } catch (error) {
    throw usageError(`${path} cannot be written (${(error as NodeJS.ErrnoException).code})`, {
      cause: error,
    })
  }
}

async function read(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return null
    throw usageError(`${path} cannot be read (${code})`, { cause: error })
  }
}
