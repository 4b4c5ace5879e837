import { fork, type StdioOptions } from 'node:child_process'
import { once } from 'node:events'
import type { ChildAnswer } from './answer-parent.js'
import { killIfStopped, maxStoppedMs } from './stopped-child.js'
import { decodeError } from './wire-error.js'

export interface ChildOptions {
  /** The name of the child for error messages. */
  name: string
  /** The path of a script that calls `answerParent`. */
  script: string
  env: NodeJS.ProcessEnv
  execArgv?: readonly string[]
  /** Default: `inherit`. */
  stderr?: 'inherit' | 'ignore'
  /** Default: no limit. */
  timeoutMs?: number
}

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
}

/** The child was killed: it gave no answer in time, or somebody stopped it (SIGSTOP). */
export class ChildKilledError extends Error {
  constructor(
    name: string,
    readonly reason: 'timeout' | 'stopped',
    afterMs: number,
  ) {
    const what = reason === 'timeout' ? 'gave no answer within' : 'was stopped (SIGSTOP) for'
    super(`the ${name} ${what} ${afterMs} ms`)
    this.name = 'ChildKilledError'
  }
}

/**
 * Starts a child process, sends it one task and returns its one answer. Throws the error that the
 * child threw, ChildExitError if it ends without an answer, or ChildKilledError after `timeoutMs` or
 * if it is stopped. In every case the child has ended when this returns.
 */
export async function askChild<Task extends object, Answer>(
  task: Task,
  { name, script, env, execArgv = [], stderr = 'inherit', timeoutMs }: ChildOptions,
): Promise<Answer> {
  const stdio: StdioOptions = ['ignore', 'ignore', stderr, 'ipc']
  const child = fork(script, [], { env, execArgv: [...execArgv], stdio, serialization: 'advanced' })
  const answered = once(child, 'message') as Promise<[ChildAnswer<Answer>]>
  // Unlike 'exit', 'close' comes after the last message.
  const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>
  let killed: ChildKilledError | undefined
  const timer = setDeadline(timeoutMs, afterMs => {
    killed ??= new ChildKilledError(name, 'timeout', afterMs)
    child.kill('SIGKILL')
  })
  killIfStopped(child, () => {
    killed ??= new ChildKilledError(name, 'stopped', maxStoppedMs)
  })
  const failed = closed.then(([exitCode, signal]) => {
    throw killed ?? new ChildExitError(name, exitCode, signal)
  })
  try {
    // If the child has ended already, sending fails and `failed` rejects with the reason.
    child.send(task, () => {})
    const [message] = await Promise.race([answered, failed])
    if ('error' in message) throw decodeError(message.error)
    return message.answer
  } finally {
    clearTimeout(timer)
    child.kill('SIGKILL')
    await closed
  }
}

const setDeadline = (ms: number | undefined, onTimeout: (ms: number) => void) =>
  ms === undefined ? undefined : setTimeout(onTimeout, ms, ms)
