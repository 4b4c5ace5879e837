import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { onlyThisMachine } from '../../../src/api/access/access-settings.js'
import { buildApp } from '../../../src/api/app.js'
import { openEventStream } from '../../../testing/sse.js'
import {
  smallJob,
  startServer,
  type TestServer,
  uploadDataset,
} from '../../../testing/test-server.js'

let server: TestServer
let path: string
before(async () => {
  server = await startServer()
  await uploadDataset(server)
  path = `/jobs/${(await server.api.post('/jobs').send(smallJob)).body.id}/metrics`
})
after(() => server.close())

const create = (body: object) => server.api.post('/stream-tickets').send(body)

/** Opens a stream without a key. */
async function open(url: string, headers: Record<string, string> = {}) {
  const stream = await openEventStream({ url: server.url, key: '' }, url, {
    authorization: '',
    ...headers,
  })
  const { statusCode } = stream.response
  const first = statusCode === 200 ? await stream.nextEvent() : null
  stream.response.destroy()
  return { status: statusCode, event: first?.event }
}

test('a ticket opens one stream without a key, and again until it expires', async t => {
  const { status, body } = await create({ path: `${path}?names=loss` })
  assert.equal(status, 201)
  assert.equal(body.url, `${path}?names=loss&ticket=${body.ticket}`)
  const lifetime = Date.parse(body.expiresAt) - Date.now()
  assert.ok(lifetime > 30_000 && lifetime <= 60_000)
  const opened = { status: 200, event: 'job' }
  assert.deepEqual(await open(body.url), opened)
  assert.deepEqual(await open(body.url), opened)
  assert.deepEqual(await open(`${path}?ticket=${body.ticket}&lastEventId=0-0`), opened)
  // a key suffices
  const key = { authorization: `Bearer ${server.key}` }
  assert.deepEqual(await open(`${path}?ticket=tk_old`, key), opened)
  // other parameters are checked as before
  assert.equal((await open(`${body.url}&nonsense=1`)).status, 400)

  // the clock of Redis may differ from this one by milliseconds
  t.mock.timers.enable({ apis: ['Date'], now: Date.parse(body.expiresAt) + 1000 })
  assert.equal((await open(body.url)).status, 401)
})

test('a ticket opens nothing else', async () => {
  const { ticket } = (await create({ path })).body
  const refused: [string, Record<string, string>?][] = [
    [`/jobs/job-01jdzzzzzzzzzzzzzzzzzzzzzz/metrics?ticket=${ticket}`],
    [`${path.replace('metrics', 'events')}?ticket=${ticket}`],
    [`/jobs?ticket=${ticket}`],
    [`${path}?ticket=${ticket}`, { accept: 'application/json' }],
    [`${path}?ticket=${ticket}&format=csv`],
    [`${path}?ticket=${ticket.slice(0, -1)}`],
    [`${path}?ticket=${ticket.replace(/^tk_./, 'tk_z')}`],
    [`${path}?ticket=${ticket}&ticket=${ticket}`],
    [path],
  ]
  for (const [url, headers] of refused) assert.equal((await open(url, headers)).status, 401, url)
})

test('a ticket ends with the key that asked for it', async () => {
  const { url } = (await create({ path })).body
  const keys = { list: () => [], accepts: () => true, signerOf: () => null }
  const app = await buildApp({ ...server.deps, keys, access: onlyThisMachine })
  const headers = { host: 'localhost', accept: 'text/event-stream' }
  assert.equal((await app.inject({ url, headers })).statusCode, 401)
})

test('there are tickets for streams only, for up to an hour', async () => {
  for (const body of [{ path: '/jobs' }, { path: '/jobs/x/metrics/y' }, { path: `${path} ` }]) {
    const answer = await create(body)
    assert.equal(answer.status, 400, body.path)
    assert.match(answer.body.detail, /^path is '/)
  }
  assert.equal((await create({ path: '/events?types=job.ended' })).status, 201)
  assert.equal((await create({ path, expiresInSeconds: 3601 })).status, 400)
  assert.equal((await create({ path, expiresInSeconds: 3600 })).status, 201)
})

test('the log has no tickets', async () => {
  const { ticket, url } = (await create({ path })).body
  await open(url)
  server.app.log.info(`a line with ${ticket}`)
  assert.match(server.log(), /a line with tk_…/)
  assert.doesNotMatch(server.log(), /tk_[0-9a-z]/)
})
