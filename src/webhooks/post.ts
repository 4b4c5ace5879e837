import http from 'node:http'
import https from 'node:https'
import type { LookupFunction } from 'node:net'
import { type Address, type Reach, resolveTarget } from './target.js'

export interface Answer {
  statusCode: number | null
  /** null where the receiver took the message: a status of 2xx in time. */
  error: string | null
  durationMs: number
}

interface PostOptions {
  headers: Record<string, string>
  body: string
  reach: Reach
  timeoutMs: number
}

/** What is read of an answer's body, and thrown away, before the connection is cut. */
const mostAnswerBytes = 64 * 1024

/** One POST, to an address that was checked a moment ago. Redirects are not followed. */
export async function post(url: URL, options: PostOptions): Promise<Answer> {
  const began = performance.now()
  const deadline = AbortSignal.timeout(options.timeoutMs)
  const outcome = await send(url, options, deadline).then(
    statusCode => ({ statusCode, error: complaint(statusCode) }),
    (error: NodeJS.ErrnoException) => ({
      statusCode: null,
      error: deadline.aborted ? `no answer within ${options.timeoutMs / 1000} s` : reason(error),
    }),
  )
  return { ...outcome, durationMs: Math.round(performance.now() - began) }
}

async function send(url: URL, options: PostOptions, deadline: AbortSignal): Promise<number> {
  const addresses = await unlessLate(resolveTarget(url, options.reach), deadline)
  const { request } = url.protocol === 'http:' ? http : https
  return new Promise<number>((resolve, reject) => {
    const sent = request(url, {
      method: 'POST',
      headers: { ...options.headers, 'content-length': Buffer.byteLength(options.body) },
      // no connection is shared, and no name is resolved again: what was checked is what is called
      agent: false,
      lookup: pinned(addresses),
      signal: deadline,
    })
    sent.on('error', reject)
    sent.on('response', response => {
      let bytes = 0
      response.on('error', () => {})
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes > mostAnswerBytes) response.destroy()
      })
      resolve(response.statusCode ?? 0)
    })
    sent.end(options.body)
  })
}

const pinned =
  (addresses: readonly Address[]): LookupFunction =>
  (_host, { all }, callback) => {
    const [{ address, family }] = addresses as [Address]
    if (all) callback(null, [...addresses])
    else callback(null, address, family)
  }

/** A name server may keep us waiting, and cannot be told to stop. */
function unlessLate<T>(work: Promise<T>, deadline: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    deadline.addEventListener('abort', () => reject(deadline.reason), { once: true })
    work.then(resolve, reject)
  })
}

function complaint(status: number): string | null {
  if (status >= 200 && status < 300) return null
  if (status >= 300 && status < 400) return `answered ${status}; redirects are not followed`
  return `answered ${status}`
}

/** Never an address: the log is for clients, who need not learn the server's network. */
function reason(error: NodeJS.ErrnoException): string {
  const known: Record<string, string> = {
    ECONNREFUSED: 'the connection was refused',
    ECONNRESET: 'the connection was cut',
    ETIMEDOUT: 'the connection was not answered',
    EHOSTUNREACH: 'the host cannot be reached',
    ENETUNREACH: 'the network cannot be reached',
    WEBHOOK_TARGET_REFUSED: error.message,
  }
  return known[error.code ?? ''] ?? `the request failed (${error.code ?? error.name})`
}
