import { setTimeout as sleep } from 'node:timers/promises'
import { ConnectionError, ProblemError, UnexpectedAnswerError } from '../client/client.js'

const delaysMs = [500, 1000, 2000, 4000, 8000, 15_000] as const
/** Without an answer for so long, the command ends. A restart of a server takes seconds, of a machine minutes. */
const patienceMs = 10 * 60_000

export interface TryOptions {
  signal: AbortSignal
  /** Called when the connection is lost, once until it is there again. */
  onLost: (error: unknown) => void
  onBack: () => void
}

/** Does what a lost connection or a server that restarts only delays, again until it is done. */
export async function keepTrying<T>(
  work: () => Promise<T>,
  { signal, onLost, onBack }: TryOptions,
): Promise<T> {
  let lostAt: number | null = null
  for (let failures = 0; ; failures++) {
    try {
      const result = await work()
      if (lostAt !== null) onBack()
      return result
    } catch (error) {
      if (signal.aborted || !isPassing(error)) throw error
      if (lostAt === null) onLost(error)
      lostAt ??= Date.now()
      if (Date.now() - lostAt > patienceMs) throw error
    }
    await sleep(delaysMs[Math.min(failures, delaysMs.length - 1)], undefined, { signal })
  }
}

/** For requests within `keepTrying`, which does the waiting. */
export const quick = ({ signal }: { signal: AbortSignal }) => ({ signal, retryForMs: 0 })

/** Whether the same request may succeed a moment later. */
function isPassing(error: unknown): boolean {
  if (error instanceof ConnectionError) return true
  if (!(error instanceof ProblemError || error instanceof UnexpectedAnswerError)) return false
  if (error instanceof ProblemError && error.code === 'STORAGE_FULL') return false
  const { status } = error
  return status >= 500 || [408, 423, 425, 429].includes(status)
}
