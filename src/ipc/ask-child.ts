import type { ChildProcess, StdioOptions } from 'node:child_process'
import { once } from 'node:events'
import { cpuMsOf } from '../processes.js'
import type { ChildAnswer, ChildProgress, ChildWarning } from './answer-parent.js'
import { ChildExitError, ChildKilledError } from './child-errors.js'
import { forkChild } from './fork-child.js'
import { killIfStopped, maxStoppedMs } from './stopped-child.js'
import { decodeError } from './wire-error.js'

export interface ChildOptions<Progress = unknown> {
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
  /** Kills the child. */
  signal?: AbortSignal
  /** Called with each progress that the child sends. */
  onProgress?: (progress: Progress) => void
  /** Called with each warning of the child. */
  onWarning?: (message: string) => void
}

/**
 * Starts a child process, sends it one task and returns its one answer. Throws the error that the
 * child threw, ChildExitError if it does not start or ends without an answer, or ChildKilledError after `timeoutMs`, if
 * it is stopped, or by `signal`. In every case the child has ended when this returns.
 */
export async function askChild<Task extends object, Answer, Progress = unknown>(
  task: Task,
  options: ChildOptions<Progress>,
): Promise<Answer> {
  const { name, script, env, execArgv = [], stderr = 'inherit', timeoutMs, signal } = options
  const aborted = new ChildKilledError('aborted', `the caller of the ${name} gave up`)
  if (signal?.aborted) throw aborted
  const stdio: StdioOptions = ['ignore', 'ignore', stderr, 'ipc']
  const child = forkChild(name, script, { env, execArgv, stdio })
  const answered = answerOf<Answer, Progress>(child, options)
  // Unlike 'exit', 'close' comes after the last message.
  const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>
  let killed: ChildKilledError | undefined
  const kill = (error: ChildKilledError) => {
    killed ??= error
    child.kill('SIGKILL')
  }
  const onTimeout = () => {
    const cpuMs = child.pid === undefined ? null : cpuMsOf(child.pid)
    const message = `the ${name} gave no answer within ${timeoutMs} ms`
    kill(new ChildKilledError('timeout', message, cpuMs))
  }
  const timer = timeoutMs === undefined ? undefined : setTimeout(onTimeout, timeoutMs)
  killIfStopped(child, () => {
    const message = `the ${name} was stopped (SIGSTOP) for ${maxStoppedMs} ms`
    kill(new ChildKilledError('stopped', message))
  })
  const onAbort = () => kill(aborted)
  signal?.addEventListener('abort', onAbort)
  const failed = closed.then(([exitCode, signal]) => {
    throw killed ?? new ChildExitError(name, exitCode, signal)
  })
  try {
    // If the child has ended already, sending fails and `failed` rejects with the reason.
    child.send(task, () => {})
    const message = await Promise.race([answered, failed])
    if ('error' in message) throw decodeError(message.error)
    return message.answer
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', onAbort)
    child.kill('SIGKILL')
    await closed
  }
}

/** The first message that is neither progress nor a warning. */
const answerOf = <Answer, Progress>(
  child: ChildProcess,
  { onProgress, onWarning }: Pick<ChildOptions<Progress>, 'onProgress' | 'onWarning'>,
) =>
  new Promise<ChildAnswer<Answer>>(resolve => {
    child.on('message', (message: ChildAnswer<Answer> | ChildProgress<Progress> | ChildWarning) => {
      if ('progress' in message) onProgress?.(message.progress)
      else if ('warning' in message) onWarning?.(message.warning)
      else resolve(message)
    })
  })
