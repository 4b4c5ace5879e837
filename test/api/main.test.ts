import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, type TestContext, test } from 'node:test'
import supertest from 'supertest'
import { openFolderStore } from '../../src/store/folder-store.js'
import { forkApi, waitForListening } from '../../testing/api-process.js'
import { eventually } from '../../testing/eventually.js'
import { createJobWithCheckpoints, endJob } from '../../testing/job-with-checkpoints.js'
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

test('keys of the environment and of a file are accepted, and old checkpoints are removed', async t => {
  const dataFolder = join(folder, 'old-data')
  const store = await openFolderStore(dataFolder)
  const id = await createJobWithCheckpoints(store, '2026-01-01T00:00:00.000Z')
  await endJob(store, id, 'fail', '2026-01-02T00:00:00.000Z')
  const keyFile = join(folder, 'keys')
  await writeFile(keyFile, 'a-key-of-the-file\n')
  const api = start(t, {
    ...redisEnv(),
    TRAINYARD_DATA: dataFolder,
    TRAINYARD_KEY: 'a-key-of-the-environment',
    TRAINYARD_KEY_FILE: keyFile,
    TRAINYARD_CHECKPOINT_DAYS: '0',
  })
  const url = await waitForListening(api)
  const get = (key: string, path: string) =>
    supertest(url).get(path).set('authorization', `Bearer ${key}`)
  for (const key of ['a-key-of-the-environment', 'a-key-of-the-file'])
    assert.equal((await get(key, '/models')).status, 200)
  await eventually('the removal of old checkpoints', async () => {
    const { text } = await get('a-key-of-the-file', '/metrics')
    return /^trainyard_checkpoints_removed_total 1$/m.test(text)
  })
  const { body } = await get('a-key-of-the-file', `/jobs/${id}`)
  assert.deepEqual(body.removedCheckpoints.steps, [10])
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
