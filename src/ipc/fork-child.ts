import { type ChildProcess, fork, type StdioOptions } from 'node:child_process'
import { ChildStartError } from './child-errors.js'

interface ForkOptions {
  env: NodeJS.ProcessEnv
  execArgv: readonly string[]
  /** With `ipc`. */
  stdio: StdioOptions
}

/**
 * As `fork`, but throws a ChildStartError if there is no process. Node throws some of its reasons, and has others as an
 * event of a child that lacks `send` and `stdio`: if nothing listens, that ends the process.
 */
export function forkChild(name: string, script: string, options: ForkOptions): ChildProcess {
  const { env, execArgv, stdio } = options
  let child: ChildProcess
  try {
    child = fork(script, [], { env, execArgv: [...execArgv], stdio, serialization: 'advanced' })
  } catch (error) {
    throw new ChildStartError(name, error as Error)
  }
  if (child.pid !== undefined) return child
  child.once('error', () => {})
  const cause = new Error("too many processes or open files, or Node's program cannot be run")
  throw new ChildStartError(name, cause)
}
