import type { FastifyBaseLogger } from 'fastify'
import type { ErrorCode } from '../../spec/error-codes.js'

/** Codes of refusals that come by the thousand while a server is overloaded. */
const overloadCodes: readonly ErrorCode[] = ['OVERLOADED', 'PREDICTOR_BUSY']
const intervalMs = 1000

/**
 * Logs answers with status 503. Of refusals for overload it writes a line each second for each code, with the number of
 * those before it that have none: a line for each, with its stack, takes longer than the refusal, and others wait for
 * it. Metrics count all.
 */
export class UnavailableLog {
  private readonly lines = new Map<ErrorCode, { at: number; withoutLine: number }>()

  add(log: Pick<FastifyBaseLogger, 'warn'>, code: ErrorCode, error: Error): void {
    if (!overloadCodes.includes(code)) {
      log.warn({ err: error }, 'temporarily unavailable')
      return
    }
    const now = performance.now()
    const last = this.lines.get(code)
    if (last && now - last.at < intervalMs) {
      last.withoutLine++
      return
    }
    this.lines.set(code, { at: now, withoutLine: 0 })
    const { withoutLine = 0 } = last ?? {}
    log.warn({ err: error, withoutLine }, 'temporarily unavailable')
  }
}
