import { spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type ApiProcess, startApiProcess, terminate } from '../api-process.js'
import { BenchError } from '../failure.js'

export interface ApiServer extends ApiProcess {
  key: string
  /** The jobs whose manifests are in the data folder. */
  countStoredJobs(): Promise<number>
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
  const api = await startApiProcess({
    REDIS_URL: `unix://${socket}`,
    TRAINYARD_DATA: data,
    TRAINYARD_LOG_LEVEL: 'error',
  })
  const key = (await readFile(join(data, 'key'), 'utf8')).trim()
  return {
    ...api,
    key,
    async countStoredJobs() {
      const ids = await readdir(join(data, 'jobs'))
      const found = ids.map(id => stat(join(data, 'jobs', id, 'manifest.json')).catch(() => null))
      return (await Promise.all(found)).filter(Boolean).length
    },
    async stop() {
      await api.stop()
      await terminate(redis)
      await rm(folder, { recursive: true, force: true })
    },
  }
}
