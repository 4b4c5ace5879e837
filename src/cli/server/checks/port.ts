import { readdir, readFile, readlink } from 'node:fs/promises'
import { createServer } from 'node:net'
import { type FolderHolder, findHolder } from '../../../folder-holder.js'
import { type Check, failed, ok } from './check.js'

/** Whether the server of the data folder has its port, or could have it. */
export async function checkPort(folder: string, environment: NodeJS.ProcessEnv): Promise<Check> {
  const holder = await findHolder(folder)
  if (holder) return held(holder)
  const host = environment.TRAINYARD_HOST || '127.0.0.1'
  const port = Number(environment.TRAINYARD_PORT || 8080)
  const code = await tryListen(host, port)
  if (code === null) return ok('port', `${port} is free on ${host}; no server runs`)
  if (code !== 'EADDRINUSE') {
    const cure = 'set TRAINYARD_HOST to an address of this machine, and TRAINYARD_PORT above 1023'
    return failed('port', `a server cannot listen on ${host}:${port} (${code})`, cure)
  }
  const owner = await findListener(port)
  return failed(
    'port',
    `${port} is in use by ${owner ?? 'another program, of another user'}`,
    'stop that program, or choose another port: `trainyard up --port 8081`',
  )
}

const held = ({ pid, url }: FolderHolder) =>
  ok(
    'port',
    url === null ? `the server (process ${pid}) starts` : `the server (process ${pid}) has ${url}`,
  )

/** Null if the address is free, else the code of the error. */
function tryListen(host: string, port: number): Promise<string | null> {
  const server = createServer()
  return new Promise(resolve => {
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    server.listen(port, host, () => server.close(() => resolve(null)))
  })
}

const listening = '0A'

/** The program that listens on a port, from Linux's /proc; null if it cannot be seen. */
async function findListener(port: number): Promise<string | null> {
  const tables = await Promise.all(
    ['/proc/net/tcp', '/proc/net/tcp6'].map(path => readFile(path, 'utf8').catch(() => '')),
  )
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const sockets = tables
    .flatMap(table => table.split('\n').map(line => line.trim().split(/\s+/)))
    .filter(([, local, , state]) => local?.endsWith(suffix) && state === listening)
    .map(fields => `socket:[${fields[9]}]`)
  for (const pid of await readdir('/proc').catch(() => [])) {
    if (!/^\d+$/.test(pid) || !(await hasOpen(pid, sockets))) continue
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    return `process ${pid} (${command.replaceAll('\0', ' ').trim().slice(0, 80)})`
  }
  return null
}

/** False also for processes of other users. */
async function hasOpen(pid: string, sockets: readonly string[]): Promise<boolean> {
  const files = await readdir(`/proc/${pid}/fd`).catch(() => [])
  for (const file of files) {
    const target = await readlink(`/proc/${pid}/fd/${file}`).catch(() => '')
    if (sockets.includes(target)) return true
  }
  return false
}
