import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { BenchError } from '../failure.js'

export interface ApiServer {
  url: string
  key: string
  /** What the API has used of the processor; unlike a latency, it does not depend on who else runs. */
  cpuSeconds(): Promise<number>
  /** The jobs whose manifests are in the data folder. */
  stored(): Promise<number>
  stop(): Promise<void>
}

/** The API and a Redis as `npm start` runs them, without a worker: jobs wait, and nothing trains beside. */
export async function startApi(parent: string): Promise<ApiServer> {
  const folder = await mkdtemp(join(parent, 'submit-'))
  const socket = join(folder, 'redis.sock')
  const settings = ['--appendonly', 'yes', '--appendfsync', 'everysec', '--save', '']
  const redis = spawn(
    'redis-server',
    ['--port', '0', '--unixsocket', socket, '--dir', folder, ...settings],
    { stdio: 'ignore' },
  )
  while (!(await stat(socket).catch(() => null))) {
    if (redis.exitCode !== null) throw new BenchError('redis-server does not start')
    await sleep(20)
  }
  const data = join(folder, 'data')
  const api = fork(fileURLToPath(new URL('../../src/api/main.js', import.meta.url)), {
    env: {
      UV_THREADPOOL_SIZE: '16',
      ...process.env,
      ...{ REDIS_URL: `unix://${socket}`, TRAINYARD_DATA: data },
      ...{ TRAINYARD_PORT: '0', TRAINYARD_LOG_LEVEL: 'error' },
    },
    execArgv: [],
  })
  const [{ url }] = (await once(api, 'message')) as [{ url: string }]
  const key = (await readFile(join(data, 'key'), 'utf8')).trim()
  return {
    url,
    key,
    async cpuSeconds() {
      const text = await readFile(`/proc/${api.pid}/stat`, 'utf8')
      // proc(5): utime and stime, in hundredths of a second
      const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
      return (Number(fields[11]) + Number(fields[12])) / 100
    },
    async stored() {
      const ids = await readdir(join(data, 'jobs'))
      const found = ids.map(id => stat(join(data, 'jobs', id, 'manifest.json')).catch(() => null))
      return (await Promise.all(found)).filter(Boolean).length
    },
    async stop() {
      for (const child of [api, redis]) await end(child)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  const exit = once(child, 'exit')
  child.kill('SIGTERM')
  await exit
}
