import type { ChildProcess, StdioOptions } from 'node:child_process'
import { once } from 'node:events'
import type { ChildAnswer } from './answer-parent.js'
import { ChildExitError, ChildKilledError } from './child-errors.js'
import { forkChild } from './fork-child.js'
import { killIfStopped, maxStoppedMs } from './stopped-child.js'
import { decodeError } from './wire-error.js'

export interface KeptChildOptions {
  /** The name of the child for error messages. */
  name: string
  /** The path of a script that calls `answerTasks`. */
  script: string
  env: NodeJS.ProcessEnv
  execArgv?: readonly string[]
  /** How long one task may take. */
  timeoutMs: number
  /** The child ends after this time without a task. */
  idleMs: number
  /** Tasks that wait while another one is worked on. Further ones are refused. */
  maxWaiting: number
}

/** As many tasks wait already as may. */
export class ChildBusyError extends Error {
  constructor(name: string, waiting: number) {
    super(`${waiting} tasks wait for the ${name} already`)
    this.name = 'ChildBusyError'
  }
}

interface Waiting<Task, Answer> {
  task: Task
  signal: AbortSignal | undefined
  resolve(answer: Answer): void
  reject(error: Error): void
}

/**
 * A child process that is started with the first task, answers one task after the other, and ends when it has
 * none for a while. If it ends or is killed, only the task that it worked on fails; the next one starts another
 * child.
 */
export class KeptChild<Task extends object, Answer> {
  private child: ChildProcess | null = null
  private readonly waiting: Waiting<Task, Answer>[] = []
  private isWorking = false
  private isClosed = false
  private idleTimer: NodeJS.Timeout | undefined

  constructor(private readonly options: KeptChildOptions) {}

  /** The process id of the child; undefined if none runs. */
  get pid(): number | undefined {
    return this.child?.pid
  }

  /**
   * Throws the error that the child threw, ChildBusyError if too many tasks wait, ChildExitError if the child
   * ends without an answer, or ChildKilledError if it takes too long, is stopped, or `signal` is aborted while the
   * task waits.
   */
  ask(task: Task, signal?: AbortSignal): Promise<Answer> {
    const { name, maxWaiting } = this.options
    if (this.isClosed) return Promise.reject(new ChildKilledError('aborted', `the ${name} ends`))
    if (this.waiting.length >= maxWaiting) {
      return Promise.reject(new ChildBusyError(name, this.waiting.length))
    }
    return new Promise((resolve, reject) => {
      this.waiting.push({ task, signal, resolve, reject })
      void this.work()
    })
  }

  /** Kills the child. Its task and those that wait fail. */
  async close(): Promise<void> {
    this.isClosed = true
    clearTimeout(this.idleTimer)
    const { child } = this
    if (!child) return
    const closed = once(child, 'close')
    child.kill('SIGKILL')
    await closed
  }

  private async work(): Promise<void> {
    if (this.isWorking) return
    this.isWorking = true
    clearTimeout(this.idleTimer)
    const { name } = this.options
    for (let next = this.waiting.shift(); next; next = this.waiting.shift()) {
      const { task, signal, resolve, reject } = next
      if (this.isClosed || signal?.aborted) {
        reject(new ChildKilledError('aborted', `the caller of the ${name} gave up`))
        continue
      }
      await this.askNow(task).then(resolve, reject)
    }
    this.isWorking = false
    this.idleTimer = setTimeout(() => this.end(), this.options.idleMs).unref()
  }

  private end(): void {
    // the child ends by itself when its channel closes
    if (this.child?.connected) this.child.disconnect()
    this.child = null
  }

  private async askNow(task: Task): Promise<Answer> {
    this.child ??= this.start()
    const { child } = this
    const { name, timeoutMs } = this.options
    let killed: ChildKilledError | undefined
    const kill = (error: ChildKilledError) => {
      killed ??= error
      child.kill('SIGKILL')
    }
    const timer = setTimeout(() => {
      kill(new ChildKilledError('timeout', `the ${name} gave no answer within ${timeoutMs} ms`))
    }, timeoutMs)
    const stopped = () =>
      kill(
        new ChildKilledError('stopped', `the ${name} was stopped (SIGSTOP) for ${maxStoppedMs} ms`),
      )
    child.once('stopped', stopped)
    const settled = new AbortController()
    const { signal } = settled
    try {
      const answered = once(child, 'message', { signal }) as Promise<[ChildAnswer<Answer>]>
      const ended = once(child, 'close', { signal }).then(([exitCode, exitSignal]) => {
        throw killed ?? new ChildExitError(name, exitCode, exitSignal)
      })
      // the one that is not awaited rejects when `settled` is aborted
      for (const each of [answered, ended]) each.catch(() => {})
      // if the child has ended already, sending fails and `ended` rejects with the reason
      child.send(task, () => {})
      const [message] = await Promise.race([answered, ended])
      if ('error' in message) throw decodeError(message.error)
      return message.answer
    } finally {
      clearTimeout(timer)
      child.off('stopped', stopped)
      settled.abort()
    }
  }

  private start(): ChildProcess {
    const { name, script, env, execArgv = [] } = this.options
    const stdio: StdioOptions = ['ignore', 'ignore', 'ignore', 'ipc']
    const child = forkChild(name, script, { env, execArgv, stdio })
    // killIfStopped kills it then; a task hears it first
    killIfStopped(child, () => child.emit('stopped'))
    const forget = () => {
      if (this.child === child) this.child = null
    }
    child.once('error', forget)
    child.once('exit', forget)
    return child
  }
}
