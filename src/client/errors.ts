import type { Job } from '../spec/job.js'
import type { Problem } from '../spec/problem.js'

/** The server rejects a request. `problem` is its whole answer. */
export class ProblemError extends Error {
  constructor(
    readonly problem: Problem,
    /** When the server asks to try again, if it does. */
    readonly retryAfterMs: number | null = null,
  ) {
    super(`${problem.detail} (${problem.code})`)
    this.name = 'ProblemError'
  }

  /** The HTTP status. */
  get status() {
    return this.problem.status
  }

  /** Stable; docs/errors.md lists all codes. */
  get code() {
    return this.problem.code
  }

  /** Every invalid field of the request. */
  get errors() {
    return this.problem.errors ?? []
  }
}

/** There is no answer: the server cannot be reached, or the connection broke or timed out. */
export class ConnectionError extends Error {
  constructor(
    readonly url: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
    this.name = 'ConnectionError'
  }
}

/** The answer is not one of Trainyard's, but for example the page of a proxy. */
export class UnexpectedAnswerError extends Error {
  constructor(
    readonly url: string,
    readonly status: number,
    message: string,
    readonly retryAfterMs: number | null = null,
  ) {
    super(message)
    this.name = 'UnexpectedAnswerError'
  }
}

/** A job that was waited for has not succeeded. `job` says all about it. */
export class JobFailedError extends Error {
  constructor(readonly job: Job) {
    const reason = job.failure ? `: ${job.failure.message} (${job.failure.code})` : ''
    super(`${job.id} has the status ${job.status}${reason}`)
    this.name = 'JobFailedError'
  }
}
