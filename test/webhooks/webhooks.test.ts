import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { type TestContext, test } from 'node:test'
import { Webhook as Verifier } from 'standardwebhooks'
import { JobRecords } from '../../src/jobs/record/records.js'
import type { CreatedWebhook, Delivery } from '../../src/spec/webhook.js'
import { minMessageId } from '../../src/webhooks/events.js'
import { webhookPaths } from '../../src/webhooks/webhook-paths.js'
import { WebhookRecords } from '../../src/webhooks/webhook-records.js'
import { Webhooks, type WebhooksDeps } from '../../src/webhooks/webhooks.js'
import { eventually } from '../../testing/eventually.js'
import { startAttempt } from '../../testing/running-job.js'
import {
  putModel,
  smallJob,
  startServer,
  type TestServer,
  uploadDataset,
} from '../../testing/test-server.js'
import { notifyJobEvent } from '../api/attempts.js'
import { eventTypes, messageIds, type Reply, startReceiver } from './receiver.js'

const timing = {
  timeoutMs: 500,
  retryDelaysMs: [30, 30, 30],
  pollIntervalMs: 20,
  scanIntervalMs: 100,
}

async function start(t: TestContext, replies: Reply[] = [], more: WebhooksDeps['timing'] = {}) {
  const webhookTiming = { ...timing, ...more }
  const server = await startServer({ webhooks: 'private', webhookTiming })
  t.after(() => server.close())
  const receiver = await startReceiver(...replies)
  t.after(() => receiver.close())
  await uploadDataset(server)
  const openSecondServer = () => {
    const { deps, store } = server
    const webhooks = new Webhooks({
      store,
      jobs: deps.jobs.feed,
      models: deps.modelRecords.feed,
      serverSecret: 'the same',
      allowedNetworks: 'private',
      log: deps.log,
      timing: webhookTiming,
    })
    t.after(() => webhooks.close())
    return webhooks
  }
  return { server, receiver, openSecondServer }
}

async function subscribe({ api }: TestServer, url: string, more = {}): Promise<CreatedWebhook> {
  const answer = await api.post('/webhooks').send({ url, ...more })
  assert.equal(answer.status, 201, answer.text)
  return answer.body
}

test('changes of aliases are sent once, also if several servers look for them', async t => {
  const { server, receiver, openSecondServer } = await start(t)
  openSecondServer()
  await putModel(server.store, 'shades', 1)
  await putModel(server.store, 'shades', 2)
  const { id } = await subscribe(server, receiver.url, {
    events: ['model.aliasMoved', 'model.rolledBack'],
  })
  await subscribe(server, receiver.url, { labels: { team: 'vision' } })
  const path = '/models/shades/aliases/production'
  await server.api.put(path).send({ version: 1, reason: 'first' })
  await server.api.put(path).send({ version: 2 })
  await server.api.post(`${path}/rollback`).send({})
  await server.api.delete(path)
  const deliveries = await eventually('three deliveries', async () => {
    const { body } = await server.api.get(`/webhooks/${id}/deliveries`)
    const all: { status: string }[] = body.items
    return all.length === 3 && all.every(({ status }) => status === 'delivered') && body.items
  })
  assert.deepEqual(
    deliveries.map(({ event, job }: { event: string; job: string | null }) => [event, job]),
    [
      ['model.rolledBack', null],
      ['model.aliasMoved', null],
      ['model.aliasMoved', null],
    ],
  )
  const bodies = receiver.received.map(({ body }) => JSON.parse(body))
  assert.deepEqual(bodies.map(({ type, data }) => [type, data.alias, data.from, data.to]).sort(), [
    ['model.aliasMoved', 'production', null, 1],
    ['model.aliasMoved', 'production', 1, 2],
    ['model.rolledBack', 'production', 2, 1],
  ])
})

async function submit({ api }: TestServer, more = {}): Promise<string> {
  const answer = await api.post('/jobs').send({ ...smallJob, ...more })
  assert.equal(answer.status, 202, answer.text)
  return answer.body.id
}

/** Runs a job as a worker does. `notified: false` simulates a lost notification. */
async function runJobAsWorker(server: TestServer, id: string, { notified = true } = {}) {
  const attempt = await startAttempt(server.store, id)
  await new JobRecords(server.store).finish(id, {
    status: 'succeeded',
    finishedAt: new Date().toISOString(),
    attempt,
    failure: null,
    model: { id: 'shades', version: 1 },
    metrics: { loss: 0.1 },
  })
  if (notified) await notifyJobEvent(server, id, 'changed')
}

async function logOf({ api }: TestServer, id: string): Promise<Delivery[]> {
  const answer = await api.get(`/webhooks/${id}/deliveries`)
  assert.equal(answer.status, 200, answer.text)
  return answer.body.items
}

async function eventuallyDelivered(
  server: TestServer,
  id: string,
  count: number,
): Promise<Delivery[]> {
  return eventually(`${count} messages to be delivered or given up`, async () => {
    const log = await logOf(server, id)
    return log.length >= count && log.every(({ status }) => status !== 'pending') && log
  })
}

test('the events of a job are sent in order, signed according to the specification', async t => {
  const { server, receiver } = await start(t)
  const { secret, ...webhook } = await subscribe(server, receiver.url)
  const id = await submit(server)
  await receiver.waitForCount(1)
  await runJobAsWorker(server, id)
  await receiver.waitForCount(3)
  assert.deepEqual(eventTypes(receiver.received), ['job.queued', 'job.running', 'job.succeeded'])
  const verifier = new Verifier(secret)
  for (const { headers, body } of receiver.received) {
    const message = verifier.verify(body, headers as Record<string, string>) as { data: object }
    assert.equal('id' in message.data && message.data.id, id)
    assert.throws(() => verifier.verify(`${body} `, headers as Record<string, string>))
  }
  const { timestamp, data } = JSON.parse(receiver.received[2]!.body)
  const expectedJob = (await server.api.get(`/jobs/${id}`)).body
  assert.deepEqual(data, expectedJob)
  assert.equal(timestamp, expectedJob.finishedAt)

  const log = await eventuallyDelivered(server, webhook.id, 3)
  assert.deepEqual(
    log.map(delivery => delivery.id),
    messageIds(receiver.received).reverse(),
  )
  for (const { status, attempts, job, nextAttemptAt } of log) {
    assert.deepEqual([status, attempts.length, job, nextAttemptAt], ['delivered', 1, id, null])
    assert.deepEqual([attempts[0]!.statusCode, attempts[0]!.error], [204, null])
  }
})

test('the secret is shown once, and no file that others can read contains it', async t => {
  const { server, receiver } = await start(t)
  const { secret, ...webhook } = await subscribe(server, receiver.url, { events: ['job.failed'] })
  assert.match(secret, /^whsec_[A-Za-z0-9+/]{43}=$/)
  assert.deepEqual((await server.api.get(`/webhooks/${webhook.id}`)).body, webhook)
  assert.deepEqual((await server.api.get('/webhooks')).body, {
    items: [webhook],
    damaged: [],
    total: 1,
    nextCursor: null,
  })
  const stored = await server.store.readJson(webhookPaths(webhook.id).webhook)
  assert.ok(!JSON.stringify(stored).includes(secret.slice(6)))
  assert.ok(!server.log().includes(secret.slice(6)))
})

const failures: [what: string, reply: Reply, statusCode: number | null, error: RegExp][] = [
  ['a status of 500', 500, 500, /answered 500/],
  ['a redirect', r => r.writeHead(302, { location: '/other' }).end(), 302, /not followed/],
  ['a cut connection', r => r.destroy(), null, /reset/],
  ['no answer', () => {}, null, /no answer within 0.5 s/],
]

for (const [what, reply, statusCode, error] of failures) {
  test(`after ${what} the same message is sent again`, async t => {
    const { server, receiver } = await start(t, [reply])
    const { id, secret } = await subscribe(server, receiver.url, { events: ['job.queued'] })
    await submit(server)
    await receiver.waitForCount(2)
    const [first, second] = receiver.received
    assert.equal(first!.headers['webhook-id'], second!.headers['webhook-id'])
    assert.equal(first!.body, second!.body)
    new Verifier(secret).verify(second!.body, second!.headers as Record<string, string>)
    const [delivery] = await eventuallyDelivered(server, id, 1)
    assert.equal(delivery!.status, 'delivered')
    assert.equal(delivery!.attempts.length, 2)
    assert.equal(delivery!.attempts[0]!.statusCode, statusCode)
    assert.match(delivery!.attempts[0]!.error ?? '', error)
  })
}

test('an unreachable receiver gets no attempts after the last one, and the log says why', async t => {
  const { server, receiver } = await start(t)
  const { id } = await subscribe(server, receiver.url, { events: ['job.queued'] })
  await receiver.close()
  await submit(server)
  const [delivery] = await eventuallyDelivered(server, id, 1)
  assert.equal(delivery!.status, 'failed')
  assert.equal(delivery!.attempts.length, 1 + timing.retryDelaysMs.length)
  for (const { error } of delivery!.attempts) assert.equal(error, 'the connection was refused')
})

test('the body of a response is not kept, however long it is; its status counts', async t => {
  const flood = (response: ServerResponse) => {
    response.writeHead(200)
    const more = () => {
      while (response.writable && response.write(Buffer.alloc(65_536))) {}
    }
    response.on('drain', more)
    response.on('error', () => {})
    more()
  }
  const { server, receiver } = await start(t, [flood])
  const { id } = await subscribe(server, receiver.url, { events: ['job.queued'] })
  await submit(server)
  const [delivery] = await eventuallyDelivered(server, id, 1)
  assert.deepEqual([delivery!.status, delivery!.attempts.length], ['delivered', 1])
})

test('410 Gone disables a webhook', async t => {
  const { server, receiver } = await start(t, [410])
  const { id } = await subscribe(server, receiver.url)
  await submit(server)
  const [delivery] = await eventuallyDelivered(server, id, 1)
  assert.equal(delivery!.status, 'failed')
  const { disabled } = (await server.api.get(`/webhooks/${id}`)).body
  assert.match(disabled.reason, /410/)
  assert.equal((await server.api.post(`/webhooks/${id}/test`)).body.code, 'WEBHOOK_DISABLED')
  const other = await startReceiver()
  t.after(() => other.close())
  await subscribe(server, other.url)
  await submit(server)
  await other.waitForCount(1)
  assert.equal(receiver.received.length, 1)
})

test('a failed message does not delay the next, and a slow receiver does not delay others', async t => {
  const { server, receiver } = await start(t, [500], { retryDelaysMs: [3600_000] })
  const slow = await startReceiver(...Array.from({ length: 50 }, () => () => {}))
  t.after(() => slow.close())
  await subscribe(server, slow.url)
  const { id } = await subscribe(server, receiver.url)
  for (let i = 0; i < 5; i++) await submit(server)
  await receiver.waitForCount(5)
  const those = (log: Delivery[], wanted: string) => log.filter(({ status }) => status === wanted)
  const log = await eventually('four delivered messages', async () => {
    const current = await logOf(server, id)
    return those(current, 'delivered').length >= 4 && current
  })
  const [failed, ...others] = those(log, 'pending')
  assert.ok(failed?.nextAttemptAt)
  assert.equal(others.length, 0)
})

test('a new message is sent even if more messages are in backoff than a pass reads', async t => {
  const { server, receiver } = await start(t)
  const { id } = await subscribe(server, receiver.url)
  const records = new WebhookRecords(server.store)
  const past = Date.now() - 3600_000
  const at = new Date(past).toISOString()
  const end = { statusCode: 500, error: 'answered 500', durationMs: 1 }
  const nextAttemptAt = new Date(past + 24 * 3600_000).toISOString()
  await Promise.all(
    Array.from({ length: 1000 }, async (_, i) => {
      const message = `${minMessageId(past)}${String(i).padStart(16, '0')}`
      await records.claimAttempt(id, message, 1, at)
      await records.finishAttempt(id, message, 1, { ...end, nextAttemptAt })
      await records.enqueue(id, {
        id: message,
        event: 'job.queued',
        job: `job-${i}`,
        at,
        body: '{}',
      })
    }),
  )
  const fresh = await submit(server)
  await receiver.waitForCount(1)
  assert.equal(JSON.parse(receiver.received[0]!.body).data.id, fresh)
})

test('a webhook receives only its events and labels', async t => {
  const { server, receiver } = await start(t)
  const labels = { team: 'vision' }
  await subscribe(server, receiver.url, { events: ['job.succeeded'], labels })
  const other = await submit(server, { labels: { team: 'speech' } })
  const chosen = await submit(server, { labels: { team: 'vision', stage: 'test' } })
  await runJobAsWorker(server, other)
  await runJobAsWorker(server, chosen)
  await receiver.waitForCount(1)
  assert.equal(JSON.parse(receiver.received[0]!.body).data.id, chosen)
})

test('a ping returns its result', async t => {
  const { server, receiver } = await start(t, [204, 500])
  const { id, secret } = await subscribe(server, receiver.url)
  const answer = await server.api.post(`/webhooks/${id}/test`)
  assert.equal(answer.status, 200, answer.text)
  assert.deepEqual([answer.body.event, answer.body.status], ['ping', 'delivered'])
  const { headers, body } = receiver.received[0]!
  new Verifier(secret).verify(body, headers as Record<string, string>)
  const failed = await server.api.post(`/webhooks/${id}/test`)
  assert.deepEqual([failed.body.status, failed.body.attempts[0].statusCode], ['failed', 500])
  assert.equal(receiver.received.length, 2)
})

test('events that occur while no server runs are sent by the next one, and none twice', async t => {
  const { server, receiver, openSecondServer } = await start(t)
  await subscribe(server, receiver.url)
  const id = await submit(server)
  await receiver.waitForCount(1)
  await server.deps.webhooks.close()
  await runJobAsWorker(server, id)
  openSecondServer()
  await receiver.waitForCount(3)
  assert.deepEqual(eventTypes(receiver.received), ['job.queued', 'job.running', 'job.succeeded'])
  assert.equal(new Set(messageIds(receiver.received)).size, 3)
})

test('an attempt whose server died is repeated', async t => {
  const { server, receiver, openSecondServer } = await start(t, [() => {}], { timeoutMs: 60_000 })
  const { id } = await subscribe(server, receiver.url, { events: ['job.queued'] })
  await submit(server)
  await receiver.waitForCount(1)
  const [delivery] = await logOf(server, id)
  assert.deepEqual(delivery!.attempts[0]!.durationMs, null)
  // pretend that it started an hour ago
  const { started } = webhookPaths(id).delivery(delivery!.id)
  const startedAt = new Date(Date.now() - 3600_000).toISOString()
  await server.store.replaceJson<unknown>(started(1), { startedAt })
  openSecondServer()
  await receiver.waitForCount(2)
  assert.equal(new Set(messageIds(receiver.received)).size, 1)
  const [now] = await eventuallyDelivered(server, id, 1)
  assert.deepEqual([now!.status, now!.attempts.length], ['delivered', 2])
})

test('a flush of Redis loses no event and repeats none', async t => {
  const { server, receiver } = await start(t)
  await subscribe(server, receiver.url)
  const id = await submit(server)
  await receiver.waitForCount(1)
  await server.redis.flush()
  await runJobAsWorker(server, id, { notified: false })
  await receiver.waitForCount(3)
  await server.redis.stop()
  await server.redis.start()
  await submit(server).catch(() => {})
  await runJobAsWorker(server, await eventuallySubmitted(server, 2), { notified: false })
  await receiver.waitForCount(6)
  assert.equal(new Set(messageIds(receiver.received)).size, 6)
})

/** Waits for `count` jobs and returns the id of the newest. */
async function eventuallySubmitted(server: TestServer, count: number): Promise<string> {
  return eventually(`${count} submitted jobs`, async () => {
    const ids = await server.store.list('jobs')
    if (ids.length >= count) return ids.at(-1)!
    await server.api.post('/jobs').send(smallJob)
    return null
  })
}

test('several servers share the work, and each message is sent once', async t => {
  // long, since on a busy machine a late answer would repeat the message
  const { server, receiver, openSecondServer } = await start(t, [], { timeoutMs: 60_000 })
  const { id: webhook } = await subscribe(server, receiver.url)
  openSecondServer()
  openSecondServer()
  const ids = await Promise.all(Array.from({ length: 5 }, () => submit(server)))
  await Promise.all(ids.map(id => runJobAsWorker(server, id)))
  const log = await eventuallyDelivered(server, webhook, 15)
  assert.ok(log.every(({ status, attempts }) => status === 'delivered' && attempts.length === 1))
  assert.equal(receiver.received.length, 15)
  assert.equal(new Set(messageIds(receiver.received)).size, 15)
  for (const id of ids) {
    const own = receiver.received.filter(({ body }) => JSON.parse(body).data.id === id)
    assert.deepEqual(eventTypes(own), ['job.queued', 'job.running', 'job.succeeded'])
  }
})

test('the delivery log has pages, and is deleted with its webhook', async t => {
  const { server, receiver } = await start(t)
  const { id } = await subscribe(server, receiver.url)
  const job = await submit(server)
  await runJobAsWorker(server, job)
  await eventuallyDelivered(server, id, 3)
  const path = `/webhooks/${id}/deliveries`
  const { body: first } = await server.api.get(`${path}?limit=2`)
  const { body: second } = await server.api.get(`${path}?limit=2&cursor=${first.nextCursor}`)
  assert.deepEqual([first.items.length, second.items.length, second.nextCursor], [2, 1, null])
  assert.equal((await server.api.get(`${path}?cursor=x`)).body.code, 'INVALID_CURSOR')
  assert.equal((await server.api.delete(`/webhooks/${id}`)).status, 204)
  assert.equal((await server.api.get(path)).body.code, 'WEBHOOK_NOT_FOUND')
  assert.equal((await server.api.get(`/webhooks/${id}`)).status, 404)
  assert.deepEqual((await server.api.get('/webhooks')).body.items, [])
})

test('private targets are rejected by default, and not called if they are no longer allowed', async t => {
  const server = await startServer()
  t.after(() => server.close())
  const refuse = async (url: string) => {
    const { status, body } = await server.api.post('/webhooks').send({ url })
    assert.deepEqual([status, body.code], [422, 'WEBHOOK_TARGET_REFUSED'], url)
    assert.equal(body.errors[0].path, '/url')
  }
  await refuse('http://example.com/')
  await refuse('https://localhost/')
  await refuse('https://[::ffff:127.0.0.1]:8443/')
  const receiver = await startReceiver()
  t.after(() => receiver.close())
  const id = 'wh-01jdzzzzzzzzzzzzzzzzzzzzzz'
  for (const url of [receiver.url, `https://localhost:${receiver.port}/`]) {
    await server.store.replaceJson<unknown>(webhookPaths(id).webhook, {
      id,
      url,
      events: ['job.queued'],
      labels: {},
      createdAt: new Date().toISOString(),
    })
    const { body } = await server.api.post(`/webhooks/${id}/test`)
    assert.equal(body.status, 'failed')
    assert.match(body.attempts[0].error, /TRAINYARD_WEBHOOKS=private/)
  }
  assert.equal(receiver.received.length, 0)
})

test('every invalid field of a webhook is reported', async t => {
  const { server } = await start(t)
  const events = ['job.succeded']
  const { status, body } = await server.api.post('/webhooks').send({ events, secret: 'x' })
  assert.equal(status, 400)
  const paths = body.errors.map(({ path }: { path: string }) => path)
  assert.deepEqual(paths.sort(), ['/events/0', '/secret', '/url'])
})
