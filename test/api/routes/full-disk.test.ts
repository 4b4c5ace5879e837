import assert from 'node:assert/strict'
import { rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, test } from 'node:test'
import type { Response } from 'supertest'
import type { Failpoint } from '../../../src/store/failpoints.js'
import { eventually } from '../../../testing/eventually.js'
import {
  idxFiles,
  smallJob,
  startServer,
  type TestServer,
  uploadDataset,
} from '../../../testing/test-server.js'

// A write fails when half of its bytes are written, as on a full disk; deletions succeed.
const failpoints = join(tmpdir(), `full-disk-${process.pid}.json`)

let server: TestServer
before(async () => {
  server = await startServer({ failpoints })
  await uploadDataset(server)
})
afterEach(() => makeRoom())
after(() => server.close())

async function fill(error: Failpoint['error'] = 'ENOSPC'): Promise<void> {
  const failpoint: Failpoint = { process: 'api', error, when: 'within', probability: 1 }
  await writeFile(failpoints, JSON.stringify([failpoint]))
}

const makeRoom = () => rm(failpoints, { force: true })

function assertRefused({ status, body, headers }: Response): void {
  assert.deepEqual([status, body.code], [503, 'STORAGE_FULL'], JSON.stringify(body))
  assert.ok(headers['retry-after'])
}

test('what cannot be stored completely is refused, and leaves nothing', async () => {
  const { api, store } = server
  await fill()
  assertRefused(await api.post('/jobs').send(smallJob))
  assertRefused(await api.post('/jobs').set('idempotency-key', 'a').send(smallJob))
  const { images, labels } = idxFiles()
  const upload = api
    .post('/datasets')
    .field('name', 'more')
    .attach('file', images.fill(9, 16), 'train-images-idx3-ubyte')
    .attach('file', labels, 'train-labels-idx1-ubyte')
  assertRefused(await upload)
  assert.deepEqual(await store.list('jobs'), [])
  assert.equal((await store.list('datasets')).length, 1)
  await makeRoom()
  assert.equal((await api.get('/jobs')).body.items.length, 0)
  const repeated = await api.post('/jobs').set('idempotency-key', 'a').send(smallJob)
  assert.equal(repeated.status, 202)
})

for (const [error, text] of [
  ['ENOSPC', 'the disk of the data folder is full (ENOSPC)'],
  ['EDQUOT', 'the disk of the data folder is full (EDQUOT)'],
  ['EROFS', 'the disk of the data folder fails (EROFS)'],
  ['EIO', 'the disk of the data folder fails (EIO)'],
] as const) {
  test(`${error} is named by /readyz, /metrics, the log and a waiting job, until writes succeed`, async () => {
    const { api } = server
    const { id } = (await api.post('/jobs').send(smallJob)).body
    await fill(error)
    assert.equal((await api.post('/jobs').send(smallJob)).status, 503)
    const readyz = await api.get('/readyz')
    assert.deepEqual([readyz.status, readyz.body.code], [503, 'NOT_READY'])
    assert.ok(readyz.body.detail.includes(text), readyz.body.detail)
    assert.equal((await api.get(`/jobs/${id}`)).body.waitingFor, text)
    const metrics = (await api.get('/metrics')).text
    assert.match(metrics, /^trainyard_disk_ready 0$/m)
    assert.match(metrics, /^trainyard_disk_free_bytes \d+/m)
    assert.match(metrics, /^trainyard_disk_total_bytes \d+/m)
    await eventually('the log to say so', () => server.log().includes(text))
    await makeRoom()
    await eventually('the end', async () => (await api.get('/readyz')).status === 200)
    assert.match((await api.get(`/jobs/${id}`)).body.waitingFor, /^no worker is alive/)
    assert.match((await api.get('/metrics')).text, /^trainyard_disk_ready 1$/m)
  })
}

test('a job that has ended can be deleted on a full disk, to make room', async () => {
  const { api, store } = server
  const { id } = (await api.post('/jobs').set('idempotency-key', 'b').send(smallJob)).body
  await fill()
  assert.equal((await api.delete(`/jobs/${id}`)).status, 409, 'it has not ended')
  assertRefused(await api.post(`/jobs/${id}/cancel`))
  await makeRoom()
  assert.equal((await api.post(`/jobs/${id}/cancel`)).body.status, 'cancelled')
  await fill()
  assert.equal((await api.delete(`/jobs/${id}`)).status, 204)
  assert.ok(!(await store.list('jobs')).includes(id))
  assert.equal((await api.get(`/jobs/${id}`)).status, 404)
  assert.match(server.log(), /the disk is full: a submission with the key of a deleted job/)
})
