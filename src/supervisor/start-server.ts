import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { scriptPath } from '../places.js'

export interface LocalServer {
  /** The supervisor's process id. The other processes are its children. */
  pid: number
  url: string
  key: string
  stop(): Promise<void>
}

/**
 * Starts a complete server, as `npm start` does, with the settings in `environment`. `onOutput` receives
 * everything that its processes print; without it, their stderr goes to this process's stderr.
 */
export async function startServer(
  dataFolder: string,
  environment: NodeJS.ProcessEnv,
  onOutput?: (text: string) => void,
): Promise<LocalServer> {
  const child = fork(scriptPath('src/supervisor/main'), [], {
    env: { ...environment, TRAINYARD_DATA: dataFolder },
    stdio: onOutput ? ['ignore', 'pipe', 'pipe', 'ipc'] : ['ignore', 'ignore', 'inherit', 'ipc'],
    // so that Ctrl-C reaches only this process, which then calls stop()
    detached: true,
  })
  for (const output of [child.stdout, child.stderr])
    output?.setEncoding('utf8').on('data', onOutput!)
  const exited = once(child, 'exit')
  const url = await new Promise<string>((resolve, reject) => {
    child.on('message', (message: { type?: string; url?: string }) => {
      if (message.type === 'listening' && message.url) resolve(message.url)
    })
    exited.then(([code]) => reject(new Error(`the server exited with code ${code}`)), reject)
  })
  const key = (await readFile(join(dataFolder, 'key'), 'utf8')).trim()
  const stop = async () => {
    child.kill('SIGTERM')
    await exited
  }
  return { pid: child.pid!, url, key, stop }
}
