import type { CallOptions } from './caller.js'
import type { Content } from './content.js'
import { ConnectionError, ProblemError } from './errors.js'
import { backOff, isPassing, sleep } from './retry.js'

/** The requests of a transfer. */
export interface UploadRequests {
  create(name: string, bytes: number, options?: CallOptions): Promise<string>
  offset(id: string, options?: CallOptions): Promise<number>
  append(
    id: string,
    offset: number,
    bytes: Uint8Array<ArrayBuffer>,
    options?: CallOptions,
  ): Promise<number>
}

export interface SendOptions {
  signal?: AbortSignal | undefined
  /** The id of an upload of the same content, perhaps of an earlier process: it goes on if the server still has it. */
  upload?: string | null | undefined
  /** A new upload begins: keep its id to go on after a crash. Awaited. */
  onBegun?: ((upload: string) => void | Promise<void>) | undefined
  /** So many bytes have arrived, also of an earlier transfer. */
  onSent?: ((bytes: number) => void) | undefined
  /** The connection is lost, and is tried again. */
  onLost?: ((reason: Error | null) => void) | undefined
  /** The server answers again. */
  onBack?: (() => void) | undefined
  /** How long a lost connection is tried again before the transfer throws; 10 minutes. */
  giveUpAfterMs?: number | undefined
}

/** A part should take about a second: little is lost with the connection, and progress moves. */
const leastPart = 256 * 1024
const largestPart = 16 * 1024 * 1024
const firstPart = 1024 * 1024
const [fastMs, slowMs] = [500, 2000]

const defaultPatienceMs = 600_000

/**
 * Sends a content in parts, from where an earlier transfer ended. A lost connection and a server that restarts only
 * delay it. Returns the id of the upload.
 */
export async function transfer(
  uploads: UploadRequests,
  content: Content,
  options: SendOptions,
): Promise<string> {
  const { signal, onSent } = options
  const patient = new Patience(options)
  const quick = { signal, retryForMs: 0 }
  const offsetOf = (id: string) => patient.ask(() => nullIfGone(uploads.offset(id, quick)))
  let id = options.upload ?? null
  let offset = id === null ? null : await offsetOf(id)
  let partBytes = firstPart
  let part: Promise<Uint8Array<ArrayBuffer>> | null = null
  for (;;) {
    if (id === null || offset === null) {
      id = await patient.ask(() => uploads.create(content.name, content.bytes, quick))
      await options.onBegun?.(id)
      offset = 0
    }
    onSent?.(offset)
    if (offset >= content.bytes) return id
    const bytes: Uint8Array<ArrayBuffer> = await (part ?? content.read(offset, partBytes))
    part = null
    const [own, from, startedAt] = [id, offset, performance.now()]
    const end: number = from + bytes.length
    // read while this one is sent
    const next = end < content.bytes ? content.read(end, partBytes) : null
    next?.catch(() => {})
    offset = await patient.ask(async () => {
      try {
        return await uploads.append(own, from, bytes, { signal })
      } catch (error) {
        // only the server knows whether some of it has arrived; it says null if it has no such upload
        if (!mayHaveArrived(error)) throw error
        const arrived = await nullIfGone(uploads.offset(own, quick))
        if (arrived === from) throw error
        return arrived
      }
    })
    if (offset === end) {
      part = next
      partBytes = nextSize(partBytes, performance.now() - startedAt)
    }
  }
}

/** Asks again what a lost connection or a server that restarts only delays. */
class Patience {
  private lostAt: number | null = null

  constructor(private readonly options: SendOptions) {}

  async ask<T>(work: () => Promise<T>): Promise<T> {
    const { signal, onLost, onBack, giveUpAfterMs = defaultPatienceMs } = this.options
    for (let attempt = 1; ; attempt++) {
      try {
        const result = await work()
        if (this.lostAt !== null) onBack?.()
        this.lostAt = null
        return result
      } catch (error) {
        signal?.throwIfAborted()
        const now = performance.now()
        if (!(isPassing(error) || isChanged(error)) || isFull(error)) throw error
        if (now - (this.lostAt ?? now) > giveUpAfterMs) throw error
        if (this.lostAt === null) onLost?.(error)
        this.lostAt ??= now
      }
      await sleep(backOff(attempt), signal)
    }
  }
}

/** The bytes that have arrived are not those that were sent. */
const isChanged = (error: unknown): error is ProblemError =>
  error instanceof ProblemError && error.code === 'UPLOAD_CHECKSUM'

/** It does not pass by itself. */
const isFull = (error: unknown) => error instanceof ProblemError && error.code === 'STORAGE_FULL'

const nextSize = (bytes: number, ms: number): number => {
  if (ms < fastMs) return Math.min(largestPart, bytes * 2)
  return ms > slowMs ? Math.max(leastPart, bytes / 2) : bytes
}

const goneStatuses = [404, 410]

/** Without an answer, and after an answer that another part has arrived, only the server knows. */
const mayHaveArrived = (error: unknown): boolean =>
  error instanceof ConnectionError ||
  (error instanceof ProblemError && [409, ...goneStatuses].includes(error.status))

/** Null if the server has no such upload, such as one that it removed after a day. */
async function nullIfGone(offset: Promise<number>): Promise<number | null> {
  try {
    return await offset
  } catch (error) {
    if (error instanceof ProblemError && goneStatuses.includes(error.status)) return null
    throw error
  }
}
