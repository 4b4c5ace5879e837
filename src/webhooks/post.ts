import http from 'node:http'
import https from 'node:https'
import type { LookupFunction } from 'node:net'
import { type Address, type AllowedNetworks, resolveTarget } from './target.js'

export interface PostResult {
  statusCode: number | null
  /** null where the receiver took the message: a status of 2xx in time. */
  error: string | null
  durationMs: number
}

interface PostOptions {
  headers: Record<string, string>
  body: string
  allowedNetworks: AllowedNetworks
  timeoutMs: number
}

/** What is read of an answer's body, and thrown away, before the connection is cut. */
const maxResponseBytes = 64 * 1024

/** One POST, to an address that was checked a moment ago. Redirects are not followed. */
export async function post(url: URL, options: PostOptions): Promise<PostResult> {
  const startedAt = performance.now()
  const deadline = AbortSignal.timeout(options.timeoutMs)
  const outcome = await send(url, options, deadline).then(
    statusCode => ({ statusCode, error: statusError(statusCode) }),
    (error: NodeJS.ErrnoException) => ({
      statusCode: null,
      error: deadline.aborted
        ? `no answer within ${options.timeoutMs / 1000} s`
        : describeError(error),
    }),
  )
  return { ...outcome, durationMs: Math.round(performance.now() - startedAt) }
}

async function send(url: URL, options: PostOptions, deadline: AbortSignal): Promise<number> {
  const addresses = await withDeadline(resolveTarget(url, options.allowedNetworks), deadline)
  const { request } = url.protocol === 'http:' ? http : https
  return new Promise<number>((resolve, reject) => {
    const outgoing = request(url, {
      method: 'POST',
      headers: { ...options.headers, 'content-length': Buffer.byteLength(options.body) },
      // no connection is shared, and no name is resolved again: what was checked is what is called
      agent: false,
      lookup: pinnedLookup(addresses),
      signal: deadline,
    })
    outgoing.on('error', reject)
    outgoing.on('response', response => {
      let bytes = 0
      response.on('error', () => {})
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes > maxResponseBytes) response.destroy()
      })
      resolve(response.statusCode ?? 0)
    })
    outgoing.end(options.body)
  })
}

const pinnedLookup =
  (addresses: readonly Address[]): LookupFunction =>
  (_host, { all }, callback) => {
    const [{ address, family }] = addresses as [Address]
    if (all) callback(null, [...addresses])
    else callback(null, address, family)
  }

/** A name server may keep us waiting, and cannot be told to stop. */
function withDeadline<T>(work: Promise<T>, deadline: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    deadline.addEventListener('abort', () => reject(deadline.reason), { once: true })
    work.then(resolve, reject)
  })
}

function statusError(status: number): string | null {
  if (status >= 200 && status < 300) return null
  if (status >= 300 && status < 400) return `answered ${status}; redirects are not followed`
  return `answered ${status}`
}

/** Never an address: the log is for clients, who need not learn the server's network. */
function describeError(error: NodeJS.ErrnoException): string {
  const messages: Record<string, string> = {
    ECONNREFUSED: 'the connection was refused',
    ECONNRESET: 'the connection was cut',
    ETIMEDOUT: 'the connection was not answered',
    EHOSTUNREACH: 'the host cannot be reached',
    ENETUNREACH: 'the network cannot be reached',
    WEBHOOK_TARGET_REFUSED: error.message,
  }
  return messages[error.code ?? ''] ?? `the request failed (${error.code ?? error.name})`
}
