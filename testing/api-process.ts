import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { scriptPath } from '../src/places.js'
import { within } from './eventually.js'

const script = scriptPath('src/api/main')
const startTimeoutMs = 60_000

/** Starts the API as a process of its own, on a free port unless `environment` names one. Its output is piped. */
export function forkApi(environment: NodeJS.ProcessEnv): ChildProcess {
  const defaults = { TRAINYARD_PORT: '0', TRAINYARD_LOG_LEVEL: 'silent' }
  return fork(script, {
    env: { ...process.env, ...defaults, ...environment },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    execArgv: [],
  })
}

/** The URL that a process of ours reports when it listens. Fails if it exits first, and after 60 s. */
export function waitForListening(child: ChildProcess): Promise<string> {
  const listening = new Promise<string>(resolve => {
    child.on('message', (message: { type?: string; url: string }) => {
      if (message.type === 'listening') resolve(message.url)
    })
  })
  const exited = once(child, 'exit').then(([code, signal]) => {
    throw new Error(
      `process ${child.pid} ended (${signal ?? `exit code ${code}`}) before it listened`,
    )
  })
  return within('the process to listen', Promise.race([listening, exited]), {
    timeoutMs: startTimeoutMs,
  })
}
