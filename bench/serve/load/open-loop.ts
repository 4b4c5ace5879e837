import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { BenchError } from '../../failure.js'
import type { BenchRequest } from '../server.js'

export interface OpenLoopTask {
  requests: readonly BenchRequest[]
  /** Requests sent each second, whether or not others are answered. */
  rate: number
  seconds: number
  /** A client gives up after so long, and an answer that comes later does not count. */
  patienceMs: number
}

export interface OpenLoop {
  sentPerSecond: number
  /** Answers in time with status 200, each second. */
  goodPerSecond: number
  /** Answers with status 429 or 503. */
  refused: number
  slowestRefusalMs: number | null
  /** Other answers, and broken connections. */
  failed: number
  /** Requests without an answer in time. */
  late: number
  /** How long after its time a request was sent at most: large values mean that the client was overloaded. */
  lagMs: number
}

/** Sends requests on a schedule, from a process of its own. */
export async function measureOpenLoop(task: OpenLoopTask): Promise<OpenLoop> {
  const script = fileURLToPath(new URL('open-loop-process.js', import.meta.url))
  const child = fork(script, { serialization: 'advanced' })
  try {
    child.send(task)
    const exited = once(child, 'exit').then(() => {
      throw new BenchError('the process that sends requests ended')
    })
    const [result] = await Promise.race([once(child, 'message'), exited])
    return result as OpenLoop
  } finally {
    child.kill('SIGKILL')
  }
}
