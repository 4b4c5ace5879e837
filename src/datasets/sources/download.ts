import http, { type IncomingMessage } from 'node:http'
import https from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { TrainyardError } from '../../errors.js'
import { describeRequestError, pinnedLookup, withDeadline } from '../../net/addresses.js'
import { sourceChanged } from '../errors.js'
import { sourceFailed, sourceRefused } from './errors.js'
import { type FetchRules, parseSourceUrl, resolveSource } from './fetch-rules.js'

export interface DownloadTiming {
  /** How long the head of an answer may take. */
  headMs: number
  /** How long a connection may send nothing. */
  idleMs: number
  /** How long a download may take before its rate counts. */
  graceMs: number
  /** Minimum average rate. */
  bytesPerSecond: number
  /** How long a download may take at all: after a day, the next start of a server takes its files for left over. */
  totalMs: number
  /** Waits before each new try; a try that brings bytes starts over. */
  retryDelaysMs: readonly number[]
}

export const defaultTiming: DownloadTiming = {
  headMs: 30_000,
  idleMs: 30_000,
  graceMs: 60_000,
  bytesPerSecond: 8 * 1024,
  totalMs: 20 * 3600_000,
  retryDelaysMs: [500, 2000, 5000, 15_000],
}

export interface DownloadOptions {
  rules: FetchRules
  maxBytes: number
  signal: AbortSignal
  /** Called once, when the server says how long the file is; null if it does not say. */
  onLength(bytes: number | null): Promise<void>
  timing?: Partial<DownloadTiming>
}

const maxRedirects = 5
/** A server that answers so may do better a little later. */
const transientStatuses = [429, 500, 502, 503, 504]
/** What inflates content is limited where it is inflated; other encodings are not understood. */
const knownEncodings = ['identity', 'gzip', 'x-gzip', 'deflate']

/** A break that a new try may mend. */
class BrokenDownload extends Error {}

/**
 * Yields the bytes of a URL as they are sent. If the connection breaks, it goes on where it broke (Range), if the
 * file is the same by its ETag or time of change. Redirects are followed, and each is checked like the first URL.
 * Throws SOURCE_REFUSED, SOURCE_FAILED or SOURCE_CHANGED, and the reason of the signal.
 */
export async function* download(url: URL, options: DownloadOptions): AsyncGenerator<Uint8Array> {
  const timing = { ...defaultTiming, ...options.timing }
  const startedAt = Date.now()
  let received = 0
  let validator: string | null = null
  let total: number | null | undefined
  let failures = 0
  for (;;) {
    const from = received
    try {
      const response = await open(url, { from, validator, timing, options })
      const { skip, length } = continuation(response, from, validator, url)
      if (total === undefined) {
        total = length
        validator = validatorOf(response)
        if (total !== null && total > options.maxBytes) throw tooLarge(url, total, options.maxBytes)
        await options.onLength(total)
      } else if (length !== total) {
        throw sourceChanged(nameOf(url))
      }
      for await (const chunk of withoutFirst(response, skip)) {
        received += chunk.length
        if (total !== null && received > total) throw sourceChanged(nameOf(url))
        const allowedMs = timing.graceMs + (received / timing.bytesPerSecond) * 1000
        const takenMs = Date.now() - startedAt
        if (takenMs > allowedMs) throw tooSlow(url, timing)
        if (takenMs > timing.totalMs) throw tooLong(url, timing)
        yield chunk
      }
      if (total === null || received === total) return
      throw new BrokenDownload(`it ended after ${received} of ${total} bytes`)
    } catch (error) {
      if (options.signal.aborted) throw options.signal.reason
      if (error instanceof TrainyardError) throw error
      failures = received > from ? 1 : failures + 1
      const isOver = failures > timing.retryDelaysMs.length || (received > 0 && validator === null)
      if (isOver) throw brokenOff(url, received, error as Error)
      await sleep(timing.retryDelaysMs[failures - 1], undefined, { signal: options.signal }).catch(
        () => {
          throw options.signal.reason
        },
      )
    }
  }
}

interface OpenOptions {
  from: number
  validator: string | null
  timing: DownloadTiming
  options: DownloadOptions
}

/** Follows redirects to the answer with the file. */
async function open(first: URL, { from, validator, timing, options }: OpenOptions) {
  let url = first
  for (let redirects = 0; ; redirects++) {
    const deadline = AbortSignal.timeout(timing.headMs)
    const addresses = await withDeadline(
      resolveSource(url, options.rules),
      AbortSignal.any([deadline, options.signal]),
    )
    const headers = {
      'user-agent': 'Trainyard',
      'accept-encoding': 'identity',
      ...(from > 0 && { range: `bytes=${from}-`, ...(validator && { 'if-range': validator }) }),
    }
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const { request } = url.protocol === 'http:' ? http : https
      const outgoing = request(url, {
        headers,
        // exactly the checked addresses are called: no connection is reused, and no name is resolved again
        agent: false,
        lookup: pinnedLookup(addresses),
        signal: options.signal,
      })
      const onDeadline = () => outgoing.destroy(new BrokenDownload('it does not answer'))
      deadline.addEventListener('abort', onDeadline, { once: true })
      let stream: { destroy(error: Error): void } = outgoing
      outgoing.setTimeout(timing.idleMs, () =>
        stream.destroy(new BrokenDownload(`it sent nothing for ${timing.idleMs / 1000} s`)),
      )
      outgoing.on('error', reject)
      outgoing.on('response', answer => {
        stream = answer
        deadline.removeEventListener('abort', onDeadline)
        resolve(answer)
      })
      outgoing.end()
    })
    const { statusCode = 0 } = response
    const { location } = response.headers
    if (statusCode < 300 || statusCode >= 400 || location === undefined) {
      return checkedAnswer(response, url)
    }
    response.destroy()
    if (redirects === maxRedirects) {
      throw sourceFailed(`${nameOf(first)}: more than ${maxRedirects} redirects`)
    }
    if (!URL.canParse(location, url.href))
      throw sourceFailed(`${nameOf(first)}: a redirect to no URL`)
    const next = parseSourceUrl(new URL(location, url.href).href)
    if (url.protocol === 'https:' && next.protocol === 'http:')
      throw sourceRefused(`${nameOf(first)}: a redirect from https to http`)
    url = next
  }
}

function checkedAnswer(response: IncomingMessage, url: URL): IncomingMessage {
  const { statusCode = 0, statusMessage = '' } = response
  if (statusCode !== 200 && statusCode !== 206) {
    response.destroy()
    const message = `it answers ${statusCode} ${statusMessage.slice(0, 60)}`.trimEnd()
    if (transientStatuses.includes(statusCode)) throw new BrokenDownload(message)
    if (statusCode === 416) throw sourceChanged(nameOf(url))
    throw sourceFailed(`${nameOf(url)}: ${message}`)
  }
  const encoding = response.headers['content-encoding']?.trim().toLowerCase() ?? 'identity'
  if (!knownEncodings.includes(encoding)) {
    response.destroy()
    const message = `${nameOf(url)}: it is sent as ${encoding.slice(0, 30)}, expected no content-encoding, or gzip`
    throw sourceFailed(message)
  }
  return response
}

/** How an answer continues what is there: how many bytes to skip, and the length of the whole file. */
function continuation(response: IncomingMessage, from: number, validator: string | null, url: URL) {
  const { statusCode, headers } = response
  const stated = headers['content-length'] === undefined ? null : Number(headers['content-length'])
  if (statusCode === 200) {
    if (from > 0 && (validator === null || validatorOf(response) !== validator)) {
      response.destroy()
      throw sourceChanged(nameOf(url))
    }
    return { skip: from, length: stated }
  }
  const [, start, size] = /^bytes (\d+)-\d+\/(\d+)$/.exec(headers['content-range'] ?? '') ?? []
  if (from > 0 && Number(start) === from && size !== undefined)
    return { skip: 0, length: Number(size) }
  response.destroy()
  throw sourceFailed(
    `${nameOf(url)}: it answers with another part of the file than the one asked for`,
  )
}

/** A strong ETag, or the time of the last change: with either, the rest of a file can be asked for. */
function validatorOf({ headers }: IncomingMessage): string | null {
  const { etag } = headers
  if (etag?.startsWith('"')) return etag
  return headers['last-modified'] ?? null
}

async function* withoutFirst(
  response: AsyncIterable<Buffer>,
  count: number,
): AsyncGenerator<Buffer> {
  let skip = count
  for await (const chunk of response) {
    const skipped = Math.min(skip, chunk.length)
    skip -= skipped
    if (skipped < chunk.length) yield chunk.subarray(skipped)
  }
}

/** Without path and query, which may be secret. */
const nameOf = (url: URL) => url.host

const tooLarge = (url: URL, bytes: number, max: number) =>
  new TrainyardError(
    'DATASET_TOO_LARGE',
    `${nameOf(url)}: the file has ${bytes} bytes, and an upload has at most ${max}`,
  )

const tooSlow = (url: URL, { bytesPerSecond }: DownloadTiming) =>
  sourceFailed(`${nameOf(url)}: it sends less than ${bytesPerSecond} bytes per second`)

const tooLong = (url: URL, { totalMs }: DownloadTiming) =>
  sourceFailed(`${nameOf(url)}: the download is not complete after ${totalMs / 3600_000} hours`)

function brokenOff(url: URL, received: number, error: Error) {
  const why = error instanceof BrokenDownload ? error.message : describeRequestError(error)
  const where = received > 0 ? `the download broke off after ${received} bytes: ` : ''
  return sourceFailed(`${nameOf(url)}: ${where}${why}`, error)
}
