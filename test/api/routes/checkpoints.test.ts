import assert from 'node:assert/strict'
import { existsSync, readdirSync, readlinkSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { extract, type Header } from 'tar-stream'
import { jobPaths } from '../../../src/jobs/record/job-paths.js'
import { eventually } from '../../../testing/eventually.js'
import {
  smallJob,
  startServer,
  type TestServer,
  uploadDataset,
} from '../../../testing/test-server.js'
import { putCheckpoint, startJob } from '../attempts.js'

let server: TestServer
let id: string
before(async () => {
  server = await startServer()
  await uploadDataset(server)
  const { body } = await server.api.post('/jobs').send(smallJob)
  id = body.id
  await startJob(server, id)
  await putCheckpoint(server, id, 2)
  await putCheckpoint(server, id, 4)
})
after(() => server.close())

test('checkpoints are listed, and the latest is marked', async () => {
  const { status, body } = await server.api.get(`/jobs/${id}/checkpoints`)
  assert.equal(status, 200)
  assert.deepEqual(
    body.items.map((one: { step: number; latest: boolean }) => [one.step, one.latest]),
    [
      [2, false],
      [4, true],
    ],
  )
})

test('a checkpoint is read by its step', async () => {
  const { status, body } = await server.api.get(`/jobs/${id}/checkpoints/2`)
  assert.equal(status, 200)
  assert.equal(body.prefix, 'model.ckpt-2')
  assert.ok(body.files.every((file: { sha256: string }) => /^[0-9a-f]{64}$/.test(file.sha256)))
  const missing = await server.api.get(`/jobs/${id}/checkpoints/3`)
  assert.equal(missing.status, 404)
  assert.equal(missing.body.code, 'CHECKPOINT_NOT_FOUND')
})

async function download(url: string) {
  const answer = await server.api
    .get(url)
    .buffer()
    .parse((response, done) => {
      const chunks: Buffer[] = []
      response.on('data', chunk => chunks.push(chunk))
      response.on('end', () => done(null, Buffer.concat(chunks)))
    })
  const unpack = extract()
  unpack.end(answer.body)
  const entries = new Map<string, { header: Header; content: Buffer }>()
  for await (const entry of unpack) {
    const chunks: Buffer[] = []
    for await (const chunk of entry) chunks.push(chunk as Buffer)
    entries.set(entry.header.name, { header: entry.header, content: Buffer.concat(chunks) })
  }
  return { answer, entries }
}

test('the archive of a checkpoint is a folder that TensorFlow can read', async () => {
  const { answer, entries } = await download(`/jobs/${id}/checkpoints/4/archive`)
  assert.equal(answer.status, 200)
  assert.equal(answer.headers['content-type'], 'application/x-tar')
  assert.equal(answer.headers['content-disposition'], `attachment; filename="${id}-4.tar"`)
  const root = `${id}-4`
  assert.deepEqual([...entries.keys()].sort(), [
    `${root}/checkpoint`,
    `${root}/manifest.json`,
    `${root}/model.ckpt-4.data-00000-of-00001`,
    `${root}/model.ckpt-4.index`,
  ])
  const state = entries.get(`${root}/checkpoint`)!.content.toString()
  assert.match(state, /^model_checkpoint_path: "model\.ckpt-4"\n/)
  const weights = entries.get(`${root}/model.ckpt-4.data-00000-of-00001`)!.content
  assert.ok(weights.equals(Buffer.alloc(300_000, 4)))
})

test('a download completes even if the checkpoint is deleted meanwhile', async () => {
  await putCheckpoint(server, id, 6)
  const answer = await fetch(`${server.url}/jobs/${id}/checkpoints/6/archive`, {
    headers: { authorization: `Bearer ${server.key}` },
  })
  await server.store.remove(jobPaths(id).checkpoint(6))
  const bytes = await answer.arrayBuffer()
  assert.ok(bytes.byteLength > 300_000)
})

test('files are closed if the client disconnects', {
  skip: !existsSync('/proc/self/fd'),
}, async () => {
  await putCheckpoint(server, id, 8, 32 * 2 ** 20)
  const disconnect = new AbortController()
  const answer = await fetch(`${server.url}/jobs/${id}/checkpoints/8/archive`, {
    headers: { authorization: `Bearer ${server.key}` },
    signal: disconnect.signal,
  })
  await answer.body!.getReader().read()
  assert.ok(openCheckpointFiles() > 0)
  disconnect.abort()
  await eventually('the checkpoint file to be closed', () => openCheckpointFiles() === 0)
})

function openCheckpointFiles(): number {
  const paths = readdirSync('/proc/self/fd').map(name => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`)
    } catch {
      // the descriptor that listed the folder is already closed
      return ''
    }
  })
  return paths.filter(path => path.includes('model.ckpt-8')).length
}
