import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { cpuMsOf } from '../src/processes.js'
import { apiEnvironment, apiFlags, apiScript } from '../src/supervisor/api-process.js'
import { waitForListening } from '../testing/api-process.js'
import { within } from '../testing/eventually.js'

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
  const url = await waitForListening(child)
  const pid = child.pid!
  return {
    url,
    pid,
    cpuSeconds: () => (cpuMsOf(pid) ?? 0) / 1000,
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
