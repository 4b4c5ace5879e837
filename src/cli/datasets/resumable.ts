import { type Client, ProblemError } from '../../client/client.js'
import { keepTrying, quick, type TryOptions } from '../keep-trying.js'
import type { Content } from './content.js'
import type { KeptState } from './kept-state.js'

/** A part should take about a second: little is lost with the connection, and progress moves. */
const leastPart = 256 * 1024
const largestPart = 16 * 1024 * 1024
const firstPart = 1024 * 1024
const [fastMs, slowMs] = [500, 2000]

export interface SendEvents extends Omit<TryOptions, 'signal'> {
  onSent: (bytes: number) => void
  /** An earlier run has sent so many bytes. */
  onResumed: (bytes: number) => void
  /** What the next run must know cannot be kept, for this reason. */
  onNotKept: (reason: string) => void
}

export interface SendParts {
  client: Client
  url: string
  kept: KeptState
  signal: AbortSignal
  events: SendEvents
}

/**
 * Sends a content in parts, from where an earlier run of the same command ended if the server still has that. A lost
 * connection and a server that restarts only delay it. Returns the id of the upload.
 */
export async function sendResumable(content: Content, parts: SendParts): Promise<string> {
  const { client, url, kept, signal, events } = parts
  const about = ['upload', url, content.fingerprint]
  const trying = { signal, onLost: events.onLost, onBack: events.onBack }
  const offsetOf = (id: string) =>
    keepTrying(() => nullIfGone(client.uploads.offset(id, quick(trying))), trying)
  const earlier = await kept.get(about)
  let id = earlier
  let offset = earlier === null ? null : await offsetOf(earlier)
  if (offset !== null && offset > 0) events.onResumed(offset)
  let partBytes = firstPart
  let part: Promise<Uint8Array<ArrayBuffer>> | null = null
  while (id === null || offset === null || offset < content.bytes) {
    if (id === null || offset === null) {
      id = await begin()
      offset = 0
    }
    const bytes: Uint8Array<ArrayBuffer> = await (part ?? content.read(offset, partBytes))
    part = null
    const [own, from, startedAt] = [id, offset, performance.now()]
    // read while this one is sent
    const nextFrom: number = from + bytes.length
    const next = nextFrom < content.bytes ? content.read(nextFrom, partBytes) : null
    next?.catch(() => {})
    offset = await keepTrying(async () => {
      try {
        return await client.uploads.send(own, from, bytes, { signal })
      } catch (error) {
        // where to go on, if some of it has arrived; null if the server has no such upload
        if (!mayHaveArrived(error)) throw error
        return await nullIfGone(client.uploads.offset(own, quick(trying)))
      }
    }, trying)
    if (offset === nextFrom) {
      part = next
      partBytes = nextSize(partBytes, performance.now() - startedAt)
    }
    if (offset !== null) events.onSent(offset)
  }
  return id

  async function begin(): Promise<string> {
    const made = await keepTrying(
      () => client.uploads.create(content.name, content.bytes, { signal }),
      trying,
    )
    const reason = await kept.set(about, made)
    if (reason !== null) events.onNotKept(reason)
    return made
  }
}

export const forgetUpload = (content: Content, { kept, url }: Pick<SendParts, 'kept' | 'url'>) =>
  kept.delete(['upload', url, content.fingerprint])

function nextSize(bytes: number, ms: number): number {
  if (ms < fastMs) return Math.min(largestPart, bytes * 2)
  return ms > slowMs ? Math.max(leastPart, bytes / 2) : bytes
}

/** Without an answer, and after an answer that another part has arrived, only the server knows. */
const mayHaveArrived = (error: unknown): boolean =>
  error instanceof ProblemError && [404, 409, 410].includes(error.problem.status)

/** Null if the server has no such upload, such as one that it removed after a day. */
async function nullIfGone(offset: Promise<number>): Promise<number | null> {
  try {
    return await offset
  } catch (error) {
    if (error instanceof ProblemError && [404, 410].includes(error.problem.status)) return null
    throw error
  }
}
