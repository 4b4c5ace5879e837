import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readStat } from '../src/processes.js'
import { apiEnvironment, apiFlags, apiScript } from '../src/supervisor/api-process.js'
import { within } from '../testing/eventually.js'
import { BenchError } from './failure.js'

const startTimeoutMs = 60_000
const exitTimeoutMs = 60_000

export interface ApiProcess {
  url: string
  pid: number
  /** Seconds of CPU time used so far. Unlike latencies, they hardly depend on other load. */
  cpuSeconds(): number
  stop(): Promise<void>
}

/** Starts the API as the supervisor does, on a free port. */
export async function startApiProcess(environment: NodeJS.ProcessEnv): Promise<ApiProcess> {
  const env = { ...apiEnvironment, ...process.env, TRAINYARD_PORT: '0', ...environment }
  const child = fork(apiScript, { env, execArgv: apiFlags })
  const exited = once(child, 'exit').then(([code]) => {
    throw new BenchError(`the API exited with ${code} before it listened`)
  })
  const [{ url }] = (await within(
    'the API to listen',
    Promise.race([once(child, 'message'), exited]),
    { timeoutMs: startTimeoutMs },
  )) as [{ url: string }]
  exited.catch(() => {})
  const pid = child.pid!
  return {
    url,
    pid,
    // Linux counts in ticks of 10 ms
    cpuSeconds: () => (readStat(pid)?.cpuTicks ?? 0) / 100,
    stop: () => terminate(child),
  }
}

/** Sends SIGTERM and waits for the exit. */
async function terminate(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill('SIGTERM')
  await within(`process ${child.pid} to exit after SIGTERM`, exit, { timeoutMs: exitTimeoutMs })
}
