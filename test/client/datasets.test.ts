import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { Client, ProblemError } from '../../src/client/client.js'
import type { DatasetImport } from '../../src/spec/dataset-import.js'
import { startServer, type TestServer } from '../../testing/test-server.js'

let server: TestServer
/** Sends the rest of a file when `release` is called. */
let web: { url: string; release: () => void; close: () => void }

before(async () => {
  server = await startServer({ sources: { fetchAllow: ['127.0.0.1'] } })
})
after(() => server.close())

const firstBytes = 100
const table = `a,b\n${'1,2\n'.repeat(200)}`

async function serveHalf(text: string) {
  let release = () => {}
  const released = new Promise<void>(resolve => {
    release = resolve
  })
  const http = createServer(async (_request, response) => {
    response.writeHead(200, { 'content-length': text.length })
    response.write(text.slice(0, firstBytes))
    await released
    response.end(text.slice(firstBytes))
  }).listen(0, '127.0.0.1')
  await once(http, 'listening')
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/a.csv`
  const close = () => {
    http.closeAllConnections()
    http.close()
  }
  web = { url, release, close }
}

const newClient = () => new Client({ url: server.url, key: server.key, retryForMs: 0 })

test('a client waits for a data set that takes long, and tells how far it is', async t => {
  await serveHalf(table)
  t.after(() => web.close())
  const client = newClient()
  const seen: DatasetImport[] = []
  const source = { kind: 'url' as const, url: web.url }
  const dataset = await client.datasets.create(
    { source, name: 'rows' },
    {
      onProgress: each => {
        seen.push(each)
        if (each.progress?.done === firstBytes) web.release()
      },
    },
  )
  assert.equal(dataset.name, 'rows')
  assert.equal(dataset.records, 200)
  assert.equal(seen.at(-1)?.status, 'succeeded')
  assert.ok(
    seen.some(({ progress }) => progress?.phase === 'fetching' && progress.total === table.length),
  )
})

test('a client throws why a data set cannot be made, and that it was cancelled', async t => {
  const client = newClient()
  const content = new Blob(['a,b\n1\n'])
  await assert.rejects(
    client.datasets.push('bad', [{ name: 'bad.csv', content }]),
    (error: ProblemError) => error instanceof ProblemError && error.problem.code === 'DATASET_ROW',
  )
  await serveHalf(table)
  t.after(() => web.close())
  const cancelled = client.datasets.create(
    { source: { kind: 'url', url: web.url } },
    { onProgress: ({ id, finishedAt }) => finishedAt ?? void client.imports.cancel(id) },
  )
  await assert.rejects(
    cancelled,
    (error: ProblemError) => error.problem?.code === 'IMPORT_CANCELLED',
  )
})
