import type { StdioOptions } from 'node:child_process'
import { once } from 'node:events'
import { Socket } from 'node:net'
import { type Duplex, PassThrough, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { WireError } from '../spec/ipc-messages.js'
import { ChildExitError, ChildKilledError } from './child-errors.js'
import { forkChild } from './fork-child.js'
import { killIfStopped, maxStoppedMs } from './stopped-child.js'
import { decodeError, encodeError } from './wire-error.js'

/** After IPC, which has 3. */
const outputFd = 4

export interface StreamChildOptions {
  /** The name of the child for error messages. */
  name: string
  /** The path of a script that calls `streamToParent`. */
  script: string
  env: NodeJS.ProcessEnv
  execArgv?: readonly string[]
  /** The child is killed if nobody takes a byte for this time, or it makes none. */
  maxSilentMs: number
}

type FromChild = { type: 'done' } | { type: 'error'; error: WireError }

/**
 * Starts a child process with one task, and returns the stream of bytes that it makes. Resolves with the first
 * bytes, so that an error before them rejects. A later error destroys the stream: the child's own, a
 * ChildExitError or a ChildKilledError. A reader that is slow holds the child back; one that destroys the stream
 * ends it.
 */
export async function streamFromChild<Task extends object>(
  task: Task,
  { name, script, env, execArgv = [], maxSilentMs }: StreamChildOptions,
): Promise<Readable> {
  const stdio: StdioOptions = ['ignore', 'ignore', 'ignore', 'ipc', 'pipe']
  const child = forkChild(name, script, { env, execArgv, stdio })
  const output = child.stdio[outputFd] as unknown as Duplex
  const stream = new PassThrough()
  let isDone = false
  let failure: Error | undefined
  const kill = (error: Error) => {
    failure ??= error
    child.kill('SIGKILL')
  }
  killIfStopped(child, () => {
    const message = `the ${name} was stopped (SIGSTOP) for ${maxStoppedMs} ms`
    kill(new ChildKilledError('stopped', message))
  })
  const silent = setTimeout(() => {
    kill(new ChildKilledError('timeout', `the ${name} passed on nothing for ${maxSilentMs} ms`))
  }, maxSilentMs)
  output.on('data', () => silent.refresh())
  child.on('message', (message: FromChild) => {
    if (message.type === 'done') isDone = true
    else failure ??= decodeError(message.error)
  })
  // `close` comes after the last message and the last byte
  child.once('close', (exitCode, signal) => {
    clearTimeout(silent)
    if (isDone && !failure) stream.end()
    else stream.destroy(failure ?? new ChildExitError(name, exitCode, signal))
  })
  child.once('error', error => {
    failure ??= error
  })
  stream.once('close', () => child.kill('SIGKILL'))
  output.on('error', () => {})
  output.pipe(stream, { end: false })
  child.send(task, () => {})
  if (stream.readableLength === 0) await once(stream, 'readable')
  return stream
}

/**
 * The child's side of `streamFromChild`: sends the bytes that `make` yields, as fast as the parent takes them, then
 * ends.
 */
export function streamToParent<Task>(make: (task: Task) => AsyncIterable<Uint8Array>): void {
  process.once('message', async (task: Task) => {
    const output = new Socket({ fd: outputFd, readable: false, writable: true })
    let message: FromChild = { type: 'done' }
    try {
      await pipeline(Readable.from(make(task), { objectMode: false }), output)
    } catch (error) {
      message = { type: 'error', error: encodeError(error) }
    }
    process.send?.(message, () => process.disconnect())
  })
  process.once('disconnect', () => process.exit())
}
