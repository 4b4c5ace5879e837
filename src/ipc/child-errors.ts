/** The child ended without an answer. */
export class ChildExitError extends Error {
  constructor(
    name: string,
    readonly exitCode: number | null,
    readonly signal: NodeJS.Signals | null,
  ) {
    super(`the ${name} ended with ${signal ?? `exit code ${exitCode}`}`)
    this.name = 'ChildExitError'
  }

  /** V8 aborts the process if its heap is full; a shell would report signal 6 as exit code 134. */
  get heapIsFull(): boolean {
    return this.signal === 'SIGABRT' || this.exitCode === 134
  }
}

/** The system has no process, memory or file descriptors for the child, or cannot run Node's program. */
export class ChildStartError extends ChildExitError {
  constructor(name: string, cause: Error) {
    super(name, null, null)
    this.name = 'ChildStartError'
    this.message = `the ${name} could not be started: ${cause.message}`
    this.cause = cause
  }
}

/** The child was killed: it gave no answer in time, it was stopped (SIGSTOP), or its caller gave up. */
export class ChildKilledError extends Error {
  constructor(
    readonly reason: 'timeout' | 'stopped' | 'aborted',
    message: string,
    /** The processor time that it used; null if unknown. */
    readonly cpuMs: number | null = null,
  ) {
    super(message)
    this.name = 'ChildKilledError'
  }
}
