import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { forkApi, waitForListening } from '../../../testing/api-process.js'
import { eventually } from '../../../testing/eventually.js'
import { startRedis } from '../../../testing/redis.js'
import { tempFolder } from '../../../testing/temp-folder.js'

test('an import of a server that was killed is interrupted, says what to do, and leaves no files', async t => {
  const folder = await tempFolder(t)
  const redis = await startRedis(folder)
  t.after(() => redis.stop())
  const web = createServer((_request, response) => {
    response.writeHead(200, { 'content-length': 1_000_000 })
    response.write('a,b\n')
  }).listen(0, '127.0.0.1')
  await once(web, 'listening')
  t.after(() => {
    web.closeAllConnections()
    web.close()
  })
  const dataFolder = join(folder, 'data')
  const environment = {
    REDIS_URL: redis.url,
    TRAINYARD_DATA: dataFolder,
    TRAINYARD_FETCH_ALLOW: '127.0.0.1',
  }
  const start = async () => {
    const child = forkApi(environment)
    t.after(() => void child.kill('SIGKILL'))
    const url = await waitForListening(child)
    const key = (await readFile(join(dataFolder, 'key'), 'utf8')).trim()
    const call = async (path: string, init: RequestInit = {}) => {
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` }
      return fetch(url + path, { headers, ...init })
    }
    return { child, call }
  }
  const first = await start()
  const url = `http://127.0.0.1:${(web.address() as AddressInfo).port}/a.csv`
  const body = JSON.stringify({ name: 'lost', source: { kind: 'url', url } })
  const answer = await first.call('/datasets?wait=0', { method: 'POST', body })
  assert.equal(answer.status, 202)
  const location = answer.headers.get('location')!
  const staging = join(dataFolder, '.staging')
  await eventually('the file of the import', async () => (await readdir(staging)).length > 0)
  first.child.kill('SIGKILL')
  await once(first.child, 'exit')

  const second = await start()
  const found = (await (await second.call(location)).json()) as Record<string, unknown>
  assert.equal(found.status, 'interrupted')
  assert.equal(found.name, 'lost')
  assert.ok(found.finishedAt)
  const problem = found.problem as { code: string; detail: string }
  assert.equal(problem.code, 'IMPORT_INTERRUPTED')
  assert.match(problem.detail, /send the request again/)
  assert.deepEqual(await readdir(staging), [])
  const list = (await (await second.call('/imports')).json()) as { items: { status: string }[] }
  assert.deepEqual(
    list.items.map(({ status }) => status),
    ['interrupted'],
  )
})
