import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { listProcesses, readStat } from '../../src/processes.js'
import { apiFlags, apiScript } from '../../src/supervisor/api-process.js'
import { waitForListening } from '../../testing/api-process.js'
import { within } from '../../testing/eventually.js'
import { startRedis } from '../../testing/redis.js'
import { tempFolder } from '../../testing/temp-folder.js'

const script = fileURLToPath(new URL('../../src/supervisor/start-api.js', import.meta.url))

test('an API that is started alone has its heap limit and thread pool, and ends with its launcher', {
  skip: process.platform !== 'linux',
}, async t => {
  const folder = await tempFolder(t)
  const redis = await startRedis(folder)
  t.after(() => redis.stop())
  const env = {
    ...process.env,
    REDIS_URL: redis.url,
    TRAINYARD_DATA: join(folder, 'data'),
    TRAINYARD_PORT: '0',
    TRAINYARD_LOG_LEVEL: 'silent',
  }
  const launcher = fork(script, { env, execArgv: [] })
  t.after(() => launcher.kill('SIGKILL'))
  await waitForListening(launcher)

  const environmentOf = async (pid: number) =>
    (await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')).split('\0')
  let pid: number | undefined
  for (const { pid: candidate, args } of listProcesses()) {
    if (!args.includes(apiScript)) continue
    const environment = await environmentOf(candidate)
    if (!environment.includes(`TRAINYARD_DATA=${env.TRAINYARD_DATA}`)) continue
    pid = candidate
    for (const flag of apiFlags) assert.ok(args.includes(flag), args.join(' '))
    assert.ok(environment.includes('UV_THREADPOOL_SIZE=16'))
  }
  assert.ok(pid !== undefined, 'no API process was found')

  const exited = once(launcher, 'exit')
  launcher.kill('SIGTERM')
  assert.deepEqual(await within('the launcher to exit', exited), [0, null])
  assert.equal(readStat(pid), null)
})
