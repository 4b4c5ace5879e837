import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FastifyRequest } from 'fastify'
import { Refusal } from './http-error.js'

export interface Keys {
  accepts(key: string): boolean
}

interface StoredKey {
  sha256: string
  createdAt: string
}

/** The data folder's first key, made where there is none; the CLI on this machine reads it there. */
export async function ensureKey(dataFolder: string): Promise<string> {
  await mkdir(dataFolder, { recursive: true, mode: 0o700 })
  const path = join(dataFolder, 'key')
  const key = await ensureSecret(path, 'ty_')
  const stored = await readStored(dataFolder)
  if (!stored.some(({ sha256 }) => sha256 === digest(key).toString('hex'))) {
    const entry = { sha256: digest(key).toString('hex'), createdAt: new Date().toISOString() }
    const draft = join(dataFolder, `keys.json.${randomBytes(6).toString('hex')}`)
    await writeFile(draft, `${JSON.stringify({ keys: [...stored, entry] }, null, 2)}\n`, secret)
    await rename(draft, join(dataFolder, 'keys.json'))
  }
  return key
}

/** A file of the data folder that nobody else may read; made where there is none. */
export async function ensureSecret(path: string, prefix: string): Promise<string> {
  return (await readIfThere(path)) ?? (await makeSecret(path, prefix))
}

/** The keys that a server accepts: those whose hashes the data folder holds, and one from outside. */
export async function openKeys(dataFolder: string, extra: string | null = null): Promise<Keys> {
  const digests = (await readStored(dataFolder)).map(({ sha256 }) => Buffer.from(sha256, 'hex'))
  if (extra) digests.push(digest(extra))
  return {
    accepts(key) {
      const shown = digest(key)
      // every digest is compared, so the time taken says nothing
      return digests.reduce((known, one) => timingSafeEqual(one, shown) || known, false)
    },
  }
}

/** A hook for `onRequest`: the body of a stranger's request is never read. */
export const requireKey = (keys: Keys) => async (request: FastifyRequest) => {
  const key = keyOf(request)
  if (!key || !keys.accepts(key)) {
    throw new Refusal(401, 'UNAUTHORIZED', "a known key is required: 'Authorization: Bearer KEY'", {
      headers: { 'www-authenticate': 'Bearer' },
    })
  }
}

/** Tells callers apart, and says nothing of their keys. */
export const callerOf = (request: FastifyRequest): string =>
  digest(keyOf(request) ?? '').toString('hex')

const keyOf = ({ headers }: FastifyRequest): string | undefined =>
  /^Bearer ([\x21-\x7e]{1,256})$/i.exec(headers.authorization ?? '')?.[1]

const secret = { mode: 0o600, flush: true }

async function makeSecret(path: string, prefix: string): Promise<string> {
  const key = `${prefix}${randomBytes(32).toString('base64url')}`
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  await writeFile(draft, `${key}\n`, secret)
  try {
    // of two servers that start together, one makes the link and both use its key
    await link(draft, path)
    return key
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return (await readFile(path, 'utf8')).trim()
  } finally {
    await rm(draft)
  }
}

async function readStored(dataFolder: string): Promise<StoredKey[]> {
  const text = await readIfThere(join(dataFolder, 'keys.json'))
  return text === null ? [] : (JSON.parse(text) as { keys: StoredKey[] }).keys
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return (await readFile(path, 'utf8')).trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

const digest = (key: string) => createHash('sha256').update(key).digest()
