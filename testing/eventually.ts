import { AssertionError } from 'node:assert'
import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'

/** The values for which `eventually` goes on waiting. */
type Falsy = false | 0 | '' | null | undefined

/**
 * Calls `check` until it returns a truthy value, and returns that value. A falsy value and an
 * AssertionError mean "not yet"; any other error fails at once. After `timeoutMs` it fails with an
 * error that says `what` it waited for and the last value or error of `check`.
 */
export async function eventually<T>(
  what: string,
  check: () => Promise<T> | T,
  { timeoutMs = 30_000, intervalMs = 20 } = {},
): Promise<Exclude<T, Falsy>> {
  const deadline = performance.now() + timeoutMs
  let last = 'the first check did not end'
  for (;;) {
    const left = deadline - performance.now()
    const outcome = await orTimeout(runCheck(check), Math.max(left, intervalMs))
    if (outcome !== timedOut) {
      if (outcome.value) return outcome.value as Exclude<T, Falsy>
      last = outcome.error ?? `the last value was ${inspect(outcome.value)}`
    }
    if (deadline - performance.now() <= intervalMs || outcome === timedOut) {
      throw new Error(`waited ${timeoutMs} ms for ${what}: ${last}`)
    }
    await sleep(intervalMs)
  }
}

/** Awaits `promise`, and fails after `timeoutMs` with an error that says `what` it waited for. */
export async function within<T>(
  what: string,
  promise: Promise<T>,
  { timeoutMs = 30_000 } = {},
): Promise<T> {
  const outcome = await orTimeout(promise, timeoutMs)
  if (outcome === timedOut) throw new Error(`waited ${timeoutMs} ms for ${what}`)
  return outcome
}

interface Outcome<T> {
  value?: T
  error?: string
}

async function runCheck<T>(check: () => Promise<T> | T): Promise<Outcome<T>> {
  try {
    return { value: await check() }
  } catch (error) {
    if (error instanceof AssertionError) return { error: error.message }
    throw error
  }
}

const timedOut = Symbol('timed out')

async function orTimeout<T>(promise: Promise<T>, ms: number): Promise<T | typeof timedOut> {
  const timer = new AbortController()
  try {
    const timeout = sleep(ms, timedOut, { signal: timer.signal }) as Promise<typeof timedOut>
    // an aborted timer rejects, and by then nobody waits for it
    timeout.catch(() => {})
    return await Promise.race([promise, timeout])
  } finally {
    timer.abort()
  }
}
