import { createHmac, hash, randomBytes, timingSafeEqual } from 'node:crypto'
import { link, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { DamagedError } from '../../errors.js'
import { parseRecord, readRecordText } from '../../store/record-file.js'
import { shapeOf } from '../../store/shape.js'
import { HttpError } from './http-error.js'

export interface AcceptedKey {
  /** See `callerNameOf`. */
  name: string
  /** Null for a key that is not in keys.json. */
  createdAt: string | null
}

export interface ApiKeys {
  accepts(key: string): boolean
  list(): AcceptedKey[]
  /** The hash of the key with which `signWithKeyOf` has signed a text; null if no key has. */
  signerOf(text: string, signature: Buffer): Buffer | null
}

declare module 'fastify' {
  interface FastifyRequest {
    /** The hash of the key that has signed in, if a session permits the request and no key. */
    sessionKeyHash: Buffer | null
  }
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
  if (!stored.some(({ sha256 }) => sha256 === hashOfKey(key).toString('hex'))) {
    const entry = { sha256: hashOfKey(key).toString('hex'), createdAt: new Date().toISOString() }
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

/**
 * Returns the secret in a file with mode 0600; creates the file if there is none. Throws a DamagedError if the
 * file has no secret: an empty one would be a key that everybody knows.
 */
export async function ensureSecret(path: string, prefix: string): Promise<string> {
  return (await readSecret(path)) ?? (await createSecret(path, prefix))
}

/** Loads the keys to accept: those whose hashes are in the data folder, and `extraKeys`. */
export async function loadApiKeys(
  dataFolder: string,
  extraKeys: readonly string[] = [],
): Promise<ApiKeys> {
  const stored = await readStoredKeys(dataFolder)
  const digests = [
    ...stored.map(({ sha256 }) => Buffer.from(sha256, 'hex')),
    ...extraKeys.map(hashOfKey),
  ]
  return {
    accepts(key) {
      const presented = hashOfKey(key)
      // compare every digest, so that the time does not depend on which one matches
      return digests.reduce(
        (matched, stored) => timingSafeEqual(stored, presented) || matched,
        false,
      )
    },
    list() {
      const createdAt = new Map(stored.map(key => [key.sha256, key.createdAt]))
      const hashes = new Set(digests.map(hashed => hashed.toString('hex')))
      return [...hashes].map(hashed => ({
        name: nameOfKey(hashed),
        createdAt: createdAt.get(hashed) ?? null,
      }))
    },
    signerOf(text, signature) {
      let signer: Buffer | null = null
      for (const stored of digests) {
        const valid = sign(stored, text)
        if (valid.length === signature.length && timingSafeEqual(valid, signature)) signer = stored
      }
      return signer
    },
  }
}

/**
 * An `onRequest` hook, so the body of an unauthorized request is never read. `acceptsOther` says whether something
 * else than a key permits the request.
 */
export const requireApiKey =
  (
    keys: ApiKeys,
    acceptsOther: (request: FastifyRequest, reply: FastifyReply) => boolean | Promise<boolean>,
  ) =>
  (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void): void => {
    const decide = (isPermitted: boolean) => (isPermitted ? done() : done(refused()))
    const key = bearerToken(request)
    const permitted = key ? keys.accepts(key) : acceptsOther(request, reply)
    if (typeof permitted === 'boolean') decide(permitted)
    else permitted.then(decide, done)
  }

const refused = () => keyRequired("a valid key is required: 'Authorization: Bearer KEY'")

export const keyRequired = (message: string) =>
  new HttpError('UNAUTHORIZED', message, { headers: { 'www-authenticate': 'Bearer' } })

/** Signs a text so that only who knows the data folder, or the caller's key, can do it. */
export const signWithKeyOf = (request: FastifyRequest, text: string): Buffer =>
  sign(keyHashOf(request), text)

/** Identifies a caller by the hash of its key. */
export const callerIdOf = (request: FastifyRequest): string => keyHashOf(request).toString('hex')

/** Names a caller in records that clients read: the beginning of the hash of its key, which keys.json has. */
export const callerNameOf = (request: FastifyRequest): string => nameOfKey(callerIdOf(request))

const nameOfKey = (hashed: string) => `key-${hashed.slice(0, 8)}`

function keyHashOf(request: FastifyRequest): Buffer {
  const key = bearerToken(request)
  return (key === undefined && request.sessionKeyHash) || hashOfKey(key ?? '')
}

/** A signature of a text by the key with this hash. */
export const sign = (keyHash: Buffer, text: string): Buffer =>
  createHmac('sha256', keyHash).update(text).digest()

/** The key in the value of an `authorization` header. */
export const bearerKeyOf = (authorization: string): string | undefined =>
  /^Bearer ([\x21-\x7e]{1,256})$/i.exec(authorization)?.[1]

const bearerToken = ({ headers }: FastifyRequest): string | undefined =>
  bearerKeyOf(headers.authorization ?? '')

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
    const secret = await readSecret(path)
    if (secret === null) throw error
    return secret
  } finally {
    await rm(tempPath)
  }
}

const keysFile = shapeOf<{ keys: StoredKey[] }>(
  Type.Object({
    keys: Type.Array(
      Type.Object({ sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }), createdAt: Type.String() }),
    ),
  }),
)

async function readStoredKeys(dataFolder: string): Promise<StoredKey[]> {
  const text = await readRecordText(join(dataFolder, 'keys.json'), 'keys.json')
  return text === null ? [] : parseRecord(text, 'keys.json', { shape: keysFile }).keys
}

async function readSecret(path: string): Promise<string | null> {
  const text = await readRecordText(path, basename(path))
  if (text === null) return null
  const secret = text.trim()
  if (/^[\x21-\x7e]{8,256}$/.test(secret)) return secret
  const expected = 'expected one line of 8 to 256 characters without blanks'
  throw new DamagedError(basename(path), `is no secret (${expected})`)
}

export const hashOfKey = (key: string): Buffer => hash('sha256', key, 'buffer')
