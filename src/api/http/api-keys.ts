import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FastifyRequest } from 'fastify'
import { HttpError } from './http-error.js'

export interface ApiKeys {
  accepts(key: string): boolean
}

interface StoredKey {
  sha256: string
  createdAt: string
}

/** Returns the key in the data folder's file `key`; creates it if there is none. Local clients read that file. */
export async function ensureApiKey(dataFolder: string): Promise<string> {
  await mkdir(dataFolder, { recursive: true, mode: 0o700 })
  const path = join(dataFolder, 'key')
  const key = await ensureSecret(path, 'ty_')
  const stored = await readStoredKeys(dataFolder)
  if (!stored.some(({ sha256 }) => sha256 === digest(key).toString('hex'))) {
    const entry = { sha256: digest(key).toString('hex'), createdAt: new Date().toISOString() }
    const tempPath = join(dataFolder, `keys.json.${randomBytes(6).toString('hex')}`)
    await writeFile(
      tempPath,
      `${JSON.stringify({ keys: [...stored, entry] }, null, 2)}\n`,
      secretFileOptions,
    )
    await rename(tempPath, join(dataFolder, 'keys.json'))
  }
  return key
}

/** Returns the secret in a file with mode 0600; creates the file if there is none. */
export async function ensureSecret(path: string, prefix: string): Promise<string> {
  return (await readIfExists(path)) ?? (await createSecret(path, prefix))
}

/** Loads the keys to accept: those whose hashes are in the data folder, and `extraKey`. */
export async function loadApiKeys(
  dataFolder: string,
  extraKey: string | null = null,
): Promise<ApiKeys> {
  const digests = (await readStoredKeys(dataFolder)).map(({ sha256 }) => Buffer.from(sha256, 'hex'))
  if (extraKey) digests.push(digest(extraKey))
  return {
    accepts(key) {
      const presented = digest(key)
      // compare every digest, so that the time does not depend on which one matches
      return digests.reduce(
        (matched, stored) => timingSafeEqual(stored, presented) || matched,
        false,
      )
    },
  }
}

/** An `onRequest` hook, so the body of an unauthorized request is never read. */
export const requireApiKey = (keys: ApiKeys) => async (request: FastifyRequest) => {
  const key = bearerToken(request)
  if (!key || !keys.accepts(key)) {
    throw new HttpError('UNAUTHORIZED', "a valid key is required: 'Authorization: Bearer KEY'", {
      headers: { 'www-authenticate': 'Bearer' },
    })
  }
}

/** Identifies a caller by the hash of its key. */
export const callerIdOf = (request: FastifyRequest): string =>
  digest(bearerToken(request) ?? '').toString('hex')

const bearerToken = ({ headers }: FastifyRequest): string | undefined =>
  /^Bearer ([\x21-\x7e]{1,256})$/i.exec(headers.authorization ?? '')?.[1]

const secretFileOptions = { mode: 0o600, flush: true }

async function createSecret(path: string, prefix: string): Promise<string> {
  const key = `${prefix}${randomBytes(32).toString('base64url')}`
  const tempPath = `${path}.${randomBytes(6).toString('hex')}`
  await writeFile(tempPath, `${key}\n`, secretFileOptions)
  try {
    // if two servers start together, one creates the link and both use its key
    await link(tempPath, path)
    return key
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return (await readFile(path, 'utf8')).trim()
  } finally {
    await rm(tempPath)
  }
}

async function readStoredKeys(dataFolder: string): Promise<StoredKey[]> {
  const text = await readIfExists(join(dataFolder, 'keys.json'))
  return text === null ? [] : (JSON.parse(text) as { keys: StoredKey[] }).keys
}

async function readIfExists(path: string): Promise<string | null> {
  try {
    return (await readFile(path, 'utf8')).trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

const digest = (key: string) => createHash('sha256').update(key).digest()
