import { ProblemError } from '../client/client.js'
import { exitCodes } from './exit-codes.js'

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

export interface Failure {
  message: string
  exitCode: number
}

/** What is printed of an error, and the exit code that it means. */
export function failureOf(error: unknown): Failure {
  if (error instanceof CommandError) return { message: error.message, exitCode: error.exitCode }
  if (error instanceof ProblemError) return problemFailure(error)
  return {
    message: error instanceof Error ? (error.stack ?? error.message) : String(error),
    exitCode: exitCodes.failed,
  }
}

function problemFailure({ problem }: ProblemError): Failure {
  const { status, code, detail, errors = [] } = problem
  const lines = [
    `${detail} (${code})`,
    ...errors.map(({ path, message }) => `  ${path}: ${message}`),
  ]
  if (status === 401) lines.push('Sign in with `trainyard login`, or set TRAINYARD_KEY.')
  return { message: lines.join('\n'), exitCode: exitCodeOf(status) }
}

function exitCodeOf(status: number): number {
  if (status === 401 || status === 403) return exitCodes.notAllowed
  if (status === 404) return exitCodes.notFound
  return status >= 500 ? exitCodes.unreachable : exitCodes.refused
}
