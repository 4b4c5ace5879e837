import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, type TestContext, test } from 'node:test'
import supertest from 'supertest'
import { forkApi, waitForListening } from '../../testing/api-process.js'
import { startRedis, type TestRedis } from '../../testing/redis.js'

let folder: string
let redis: TestRedis
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'api-main-'))
  redis = await startRedis(folder)
})
after(async () => {
  await redis.stop()
  await rm(folder, { recursive: true })
})

function start(t: TestContext, extra: NodeJS.ProcessEnv): ChildProcess {
  const api = forkApi({ TRAINYARD_DATA: join(folder, 'data'), ...extra })
  t.after(() => api.kill('SIGKILL'))
  return api
}

const redisEnv = () => ({ REDIS_URL: redis.url })

const shutdowns: [how: string, end: (api: ChildProcess) => void][] = [
  ['SIGTERM', api => api.kill('SIGTERM')],
  ['a shutdown message', api => api.send({ type: 'shutdown' })],
  ['the loss of its parent process', api => api.disconnect()],
]

for (const [how, end] of shutdowns) {
  test(`the process reports its URL, answers, and shuts down on ${how}`, async t => {
    const api = start(t, redisEnv())
    const url = await waitForListening(api)
    const key = (await readFile(join(folder, 'data', 'key'), 'utf8')).trim()
    const answer = await supertest(url).get('/jobs').set('authorization', `Bearer ${key}`)
    assert.equal(answer.status, 200)
    assert.equal((await supertest(url).get('/jobs')).status, 401)
    const ended = once(api, 'exit')
    end(api)
    assert.deepEqual(await ended, [0, null])
  })
}

test('the key in TRAINYARD_KEY is accepted', async t => {
  const api = start(t, { ...redisEnv(), TRAINYARD_KEY: 'a-key-of-the-environment' })
  const url = await waitForListening(api)
  const answer = await supertest(url)
    .get('/models')
    .set('authorization', 'Bearer a-key-of-the-environment')
  assert.equal(answer.status, 200)
  api.kill()
  await once(api, 'exit')
})

test('without REDIS_URL the process exits with a message', async t => {
  const api = start(t, { REDIS_URL: '' })
  let stderr = ''
  api.stderr?.on('data', chunk => {
    stderr += chunk
  })
  const [code] = await once(api, 'close')
  assert.equal(code, 1)
  assert.match(stderr, /REDIS_URL/)
})
