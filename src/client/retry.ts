import { ConnectionError, ProblemError, UnexpectedAnswerError } from './errors.js'

const passingStatuses = [408, 429, 502, 503, 504]
const firstPauseMs = 250
const longestPauseMs = 8000

/** How long to wait before a request is repeated after its error; null if that would not help. */
export function pauseBefore(error: unknown, attempt: number): number | null {
  if (!isPassing(error)) return null
  const asked = error instanceof ConnectionError ? null : error.retryAfterMs
  return asked ?? backOff(attempt)
}

type PassingError = ConnectionError | ProblemError | UnexpectedAnswerError

/** Whether the same request may be answered later. */
export const isPassing = (error: unknown): error is PassingError =>
  error instanceof ConnectionError ||
  ((error instanceof ProblemError || error instanceof UnexpectedAnswerError) &&
    passingStatuses.includes(error.status))

/** Twice as long each time, and at random between half and all of it, so that clients do not come back together. */
export function backOff(attempt: number): number {
  const longest = Math.min(firstPauseMs * 2 ** (attempt - 1), longestPauseMs)
  return longest * (0.5 + Math.random() / 2)
}

/** What a Retry-After header asks for: seconds or a date. */
export function retryAfterMs(header: string | null): number | null {
  if (header === null) return null
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now()
  return Number.isNaN(ms) ? null : Math.max(0, ms)
}

/** Throws the signal's reason once it is aborted. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const timer = setTimeout(end, ms)
    const abort = () => {
      clearTimeout(timer)
      reject(signal!.reason)
    }
    function end() {
      signal?.removeEventListener('abort', abort)
      resolve()
    }
    signal?.addEventListener('abort', abort, { once: true })
  })
}
