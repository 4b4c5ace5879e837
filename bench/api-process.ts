import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readStat } from '../src/processes.js'
import { apiEnvironment, apiFlags, apiScript } from '../src/supervisor/api-process.js'
import { BenchError } from './failure.js'

export interface ApiProcess {
  url: string
  pid: number
  /** Seconds of processor time so far: unlike a latency, it does not depend on who else runs. */
  cpuSeconds(): number
  stop(): Promise<void>
}

/** The API as the supervisor starts it, on a port of its own. */
export async function startApiProcess(environment: NodeJS.ProcessEnv): Promise<ApiProcess> {
  const env = { ...apiEnvironment, ...process.env, TRAINYARD_PORT: '0', ...environment }
  const child = fork(apiScript, { env, execArgv: apiFlags })
  const died = once(child, 'exit').then(([code]) => {
    throw new BenchError(`the API ended with ${code} before it listened`)
  })
  const [{ url }] = (await Promise.race([once(child, 'message'), died])) as [{ url: string }]
  died.catch(() => {})
  const pid = child.pid!
  return {
    url,
    pid,
    // clock ticks are hundredths of a second on Linux
    cpuSeconds: () => (readStat(pid)?.cpuTicks ?? 0) / 100,
    stop: () => terminate(child),
  }
}

/** Asks a process to end, and waits for that. */
export async function terminate(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill('SIGTERM')
  await exit
}
