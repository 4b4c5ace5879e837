import { ConnectionError, ProblemError, UnexpectedAnswerError } from '../client/client.js'
import { LocalFileError } from '../client/local/local-file-error.js'
import { exitCodes } from './exit-codes.js'
import { hintOf } from './hints.js'

/** What ends a command: a message that names the cure, and the exit code. */
export class CommandError extends Error {
  constructor(
    message: string,
    readonly exitCode: number,
    options?: ErrorOptions,
  ) {
    super(message, options)
    this.name = 'CommandError'
  }
}

export const usageError = (message: string, options?: ErrorOptions): CommandError =>
  new CommandError(message, exitCodes.usage, options)

export interface Failure {
  message: string
  exitCode: number
}

/** What is printed of an error, and the exit code that it means. `url` is that of the server, if it is known. */
export function failureOf(error: unknown, url?: string): Failure {
  if (error instanceof CommandError) return { message: error.message, exitCode: error.exitCode }
  if (error instanceof LocalFileError) {
    // with a cause it cannot be read; without one it changed while it was sent
    const exitCode = error.cause === undefined ? exitCodes.failed : exitCodes.usage
    return { message: error.message, exitCode }
  }
  if (error instanceof ProblemError) return problemFailure(error)
  if (error instanceof ConnectionError) {
    const reason = connectionReason(error)
    const message = reason === null ? error.message : `cannot reach ${url ?? error.url}: ${reason}`
    return { message, exitCode: exitCodes.unreachable }
  }
  if (error instanceof UnexpectedAnswerError) {
    return { message: error.message, exitCode: exitCodes.unreachable }
  }
  return {
    message: error instanceof Error ? (error.stack ?? error.message) : String(error),
    exitCode: exitCodes.failed,
  }
}

function problemFailure({ problem }: ProblemError): Failure {
  const { status, code, detail, errors = [] } = problem
  const lines = [
    `${detail} (${code})`,
    ...errors
      .filter(({ message }) => !detail.includes(message))
      .map(({ path, message }) => `  ${path || '/'}: ${message}`),
  ]
  const hint = hintOf(problem)
  if (hint !== null) lines.push(hint)
  if (status === 401) lines.push('Sign in with `trainyard login`, or set TRAINYARD_KEY.')
  return { message: lines.join('\n'), exitCode: exitCodeOf(status) }
}

function exitCodeOf(status: number): number {
  if (status === 401 || status === 403) return exitCodes.notAllowed
  if (status === 404) return exitCodes.notFound
  return status >= 500 ? exitCodes.unreachable : exitCodes.refused
}

/** Whether nothing listens at the address, so that no request has arrived. */
export const isRefused = (error: ConnectionError): boolean =>
  codesOf(error).some(({ code }) => code === 'ECONNREFUSED')

/** The codes of an error and of its causes. */
function codesOf(error: unknown): { code: string; message: string }[] {
  if (!(error instanceof Error)) return []
  const { code, message, cause } = error as NodeJS.ErrnoException
  const inner = cause instanceof AggregateError ? cause.errors : [cause]
  return [...(code === undefined ? [] : [{ code, message }]), ...inner.flatMap(codesOf)]
}

/** Why no answer came, in words, with the cure; null for every other error. */
function connectionReason(error: ConnectionError): string | null {
  for (const { code, message } of codesOf(error)) {
    const known = reasonOf(code, message)
    if (known !== undefined) return known
  }
  return null
}

const isRunning = 'is the server running? `trainyard start` starts one on this machine'

function reasonOf(code: string, message: string): string | undefined {
  if (/^(ERR_TLS_|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH)/.test(code)) {
    return `its certificate is not trusted (${code}: ${message}); if it is your own, name its authority in NODE_EXTRA_CA_CERTS`
  }
  if (/^(ERR_SSL_|EPROTO)/.test(code)) {
    return `it does not speak TLS as expected (${code}); does the URL begin with http:// instead?`
  }
  return reasons[code]
}

const reasons: Record<string, string> = {
  ECONNREFUSED: isRunning,
  ENOTFOUND: 'there is no host of this name',
  EAI_AGAIN: 'the name of the host cannot be looked up; is this machine connected?',
  EHOSTUNREACH: 'no network leads to it',
  ENETUNREACH: 'no network leads to it',
  ETIMEDOUT: 'it did not answer in time',
  UND_ERR_CONNECT_TIMEOUT: 'it did not answer in time',
  UND_ERR_HEADERS_TIMEOUT: 'it did not answer in time',
  UND_ERR_BODY_TIMEOUT: 'it stopped in the middle of an answer',
  ECONNRESET: `it has closed the connection; ${isRunning}`,
  EPIPE: `it has closed the connection; ${isRunning}`,
  UND_ERR_SOCKET: `it has closed the connection; ${isRunning}`,
}
