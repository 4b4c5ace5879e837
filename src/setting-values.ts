// How the values of settings are read. Each function returns undefined for what it does not expect.
import { readFileSync } from 'node:fs'
import { isAbsolute, resolve } from 'node:path'
import ipaddr from 'ipaddr.js'

/** Connection options for ioredis. */
export interface RedisConnectionOptions {
  host?: string
  port?: number
  path?: string
  username?: string
  password?: string
  db?: number
  tls?: { ca?: string }
  /** Sentinels, which know the address of the master with this name. */
  sentinels?: RedisNode[]
  name?: string
  sentinelPassword?: string
  enableTLSForSentinelMode?: boolean
  sentinelTLS?: { ca?: string }
}

export interface RedisNode {
  host: string
  port: number
}

export const integer = (min: number, max: number) => (text: string) => {
  const value = Number(text)
  return Number.isInteger(value) && value >= min && value <= max ? value : undefined
}

export const pattern = (expected: RegExp) => (text: string) =>
  expected.test(text) ? text : undefined

export const oneOf =
  <const T extends string>(values: readonly T[]) =>
  (text: string) =>
    values.find(value => value === text)

export const listOf =
  <T>(parse: (text: string) => T | undefined) =>
  (text: string): T[] | undefined => {
    const values = text.split(',').map(each => parse(each.trim()))
    return values.includes(undefined) ? undefined : (values as T[])
  }

export const parseHost = (text: string) =>
  /^(\*|(\*\.)?[a-z0-9_][a-z0-9_.-]{0,252}|\[[0-9a-f:.]{2,45}\])$/i.test(text)
    ? text.toLowerCase()
    : undefined

/** `s3://bucket/prefix`; the prefix gets a `/` at its end. */
export function parseBucket(text: string): { bucket: string; prefix: string } | undefined {
  const [, bucket, prefix] =
    /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])((?:\/[\w.=-]+)*)\/?$/.exec(text) ?? []
  if (bucket === undefined || prefix!.split('/').some(name => /^\.+$/.test(name))) return undefined
  return { bucket, prefix: prefix === '' ? '' : `${prefix!.slice(1)}/` }
}

export function parseOrigin(text: string): string | undefined {
  if (text === '*') return text
  const url = parseHttpUrl(text)
  return url?.pathname === '/' && !text.includes('*') ? url.origin : undefined
}

export function parsePublicUrl(text: string): string | undefined {
  const url = parseHttpUrl(text)
  const path = url?.pathname.replace(/\/$/, '') ?? ''
  return url && /^(\/[\w.~-]+)*$/.test(path) ? url.origin + path : undefined
}

function parseHttpUrl(text: string): URL | undefined {
  if (!/^https?:\/\/[^?#@]+$/i.test(text) || !URL.canParse(text)) return undefined
  return new URL(text)
}

export const parseNetwork = (text: string) =>
  text === 'loopback' || ipaddr.isValid(text) || ipaddr.isValidCIDR(text) ? text : undefined

/** The whole disk is no folder for data: it has the keys of this server. */
export function parseFolders(text: string): string[] | undefined {
  const folders = text.split(':').map(folder => resolve(folder.trim()))
  const isWrong = text
    .split(':')
    .some((folder, i) => !isAbsolute(folder.trim()) || folders[i] === '/')
  return isWrong ? undefined : folders
}

export function parseFetchable(text: string): string | undefined {
  if (/^s3:\/\/(\*|[a-z0-9][a-z0-9._-]{1,62})$/i.test(text)) return text
  if (ipaddr.isValid(text) || ipaddr.isValidCIDR(text)) return text
  return /^(\*\.)?[a-z_][a-z0-9_.-]{0,252}$/i.test(text) ? text.toLowerCase() : undefined
}

export function parseMemory(text: string): number | undefined {
  if (text === 'unlimited') return Number.POSITIVE_INFINITY
  const [, size, unit] = /^(\d{1,9}(?:\.\d{1,3})?) ?(MiB|GiB)$/.exec(text) ?? []
  return size && Number(size) > 0 ? Number(size) * (unit === 'MiB' ? 2 ** 20 : 2 ** 30) : undefined
}

export function parseRedisUrl(text: string): RedisConnectionOptions | undefined {
  if (!URL.canParse(text)) return undefined
  const url = new URL(text)
  const credentials = {
    ...(url.username && { username: decodeURIComponent(url.username) }),
    ...(url.password && { password: decodeURIComponent(url.password) }),
  }
  // unix://user:password@localhost/path: a URL needs a host to have a user and a password
  if (url.protocol === 'unix:') return { path: decodeURIComponent(url.pathname), ...credentials }
  if (url.protocol !== 'redis:' && url.protocol !== 'rediss:') return undefined
  const db = url.pathname.slice(1)
  if (db && !/^\d+$/.test(db)) return undefined
  return {
    host: url.hostname,
    port: Number(url.port || 6379),
    ...credentials,
    ...(db && { db: Number(db) }),
    ...(url.protocol === 'rediss:' && { tls: {} }),
  }
}

/** `host:port`; an address of IPv6 is in brackets. */
export function parseRedisNode(text: string): RedisNode | undefined {
  const [, bracketed, name, port] =
    /^(?:\[([0-9a-f:.]+)\]|([a-z0-9_.-]+)):(\d{1,5})$/i.exec(text) ?? []
  const host = bracketed ?? name
  return host !== undefined && Number(port) <= 65_535 ? { host, port: Number(port) } : undefined
}

/** The text of a file with certificates. */
export function readCertificates(path: string): string | undefined {
  try {
    const text = readFileSync(path, 'utf8')
    return text.includes('-----BEGIN CERTIFICATE-----') ? text : undefined
  } catch {
    return undefined
  }
}

interface FurtherRedisSettings {
  sentinels: RedisNode[] | null
  sentinelPassword: string | null
  /** Certificates, in PEM. */
  ca: string | null
}

/** The connection of REDIS_URL, through Sentinels and with an authority of one's own if the other settings say so. */
export function withRedisSettings(
  redis: RedisConnectionOptions | null,
  { sentinels, sentinelPassword, ca }: FurtherRedisSettings,
  addError: (setting: string, message: string) => void,
): RedisConnectionOptions | null {
  const refuse = (setting: string, why: string) => addError(setting, `${setting} ${why}`)
  if (ca !== null && !redis?.tls)
    refuse('TRAINYARD_REDIS_CA', 'needs a REDIS_URL that begins with rediss://')
  if (sentinelPassword !== null && sentinels === null)
    refuse('TRAINYARD_REDIS_SENTINEL_PASSWORD', 'needs TRAINYARD_REDIS_SENTINELS')
  if (sentinels !== null && !redis?.host)
    refuse(
      'TRAINYARD_REDIS_SENTINELS',
      'needs a REDIS_URL with the name of the master, such as redis://mymaster',
    )
  if (redis === null) return null
  const tls = redis.tls && { ...redis.tls, ...(ca !== null && { ca }) }
  const secured = { ...redis, ...(tls && { tls }) }
  const { host: name, port: _port, ...rest } = secured
  if (sentinels === null || name === undefined) return secured
  return {
    ...rest,
    sentinels,
    name,
    ...(sentinelPassword !== null && { sentinelPassword }),
    ...(tls && { enableTLSForSentinelMode: true, sentinelTLS: tls }),
  }
}
