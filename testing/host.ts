// What runs on one of several hosts: processes that share a store and a Redis, and nothing else.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Client } from '../src/client/client.js'
import { scriptPath } from '../src/places.js'
import { forkApi, waitForListening } from './api-process.js'
import { within } from './eventually.js'
import type { CleanupScope } from './temp-folder.js'

export interface HostProcess {
  child: ChildProcess
  /** All that it has printed. */
  output(): string
  end(signal?: NodeJS.Signals): Promise<number | null>
}

/** Starts a worker alone, as on a host without an API. `preload`: a module that it loads first. */
export function startWorker(
  scope: CleanupScope,
  environment: NodeJS.ProcessEnv,
  preload?: string,
): HostProcess {
  const env = { ...process.env, TRAINYARD_LOG_LEVEL: 'info', ...environment }
  const child = fork(scriptPath('workers/worker'), [], {
    env,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    execArgv: preload ? ['--import', preload] : [],
    detached: true,
  })
  return follow(scope, child)
}

export interface ApiHost extends HostProcess {
  url: string
  key: string
  client: Client
}

/** Starts an API alone. */
export async function startApi(
  scope: CleanupScope,
  environment: NodeJS.ProcessEnv & { TRAINYARD_DATA: string },
): Promise<ApiHost> {
  const child = forkApi(environment)
  const host = follow(scope, child)
  const url = await waitForListening(child)
  const key = (await readFile(join(environment.TRAINYARD_DATA, 'key'), 'utf8')).trim()
  return { ...host, url, key, client: new Client({ url, key, retryForMs: 0 }) }
}

function follow(scope: CleanupScope, child: ChildProcess): HostProcess {
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (part: string) => {
      text += part
    })
  }
  const exited = once(child, 'exit') as Promise<[number | null]>
  const end = async (signal: NodeJS.Signals = 'SIGTERM') => {
    child.kill(signal)
    const [code] = await within('the end of a process', exited, { timeoutMs: 60_000 })
    return code
  }
  scope.after(() => end('SIGKILL'))
  return { child, output: () => text, end }
}
