import http from 'node:http'
import https from 'node:https'
import {
  type AllowedNetworks,
  describeRequestError,
  pinnedLookup,
  withDeadline,
} from '../net/addresses.js'
import { resolveTarget } from './target.js'

export interface PostResult {
  statusCode: number | null
  /** null if the receiver accepted the message: it answered 2xx in time. */
  error: string | null
  durationMs: number
}

interface PostOptions {
  headers: Record<string, string>
  body: string
  allowedNetworks: AllowedNetworks
  timeoutMs: number
}

/** How much of a response's body is read and discarded before the connection is closed. */
const maxResponseBytes = 64 * 1024

/** Sends one POST to an address that was just checked. Does not follow redirects. */
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
      // reuse no connection and resolve no name again, so that exactly the checked address is called
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

function statusError(status: number): string | null {
  if (status >= 200 && status < 300) return null
  if (status >= 300 && status < 400) return `answered ${status}; redirects are not followed`
  return `answered ${status}`
}

function describeError(error: NodeJS.ErrnoException): string {
  return error.code === 'WEBHOOK_TARGET_REFUSED' ? error.message : describeRequestError(error)
}
