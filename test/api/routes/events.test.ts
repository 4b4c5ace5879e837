import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { watchedStores } from '../../../src/api/watched-stores.js'
import { Changes } from '../../../src/jobs/changes/changes.js'
import { Turns } from '../../../src/jobs/telemetry/turns.js'
import type { ChangeEvent } from '../../../src/spec/changes.js'
import { eventually, within } from '../../../testing/eventually.js'
import { openEventStream } from '../../../testing/sse.js'
import {
  idxFiles,
  putModel,
  smallJob,
  startServer,
  type TestServer,
  uploadDataset,
} from '../../../testing/test-server.js'
import { endJob, publishProgress, startJob } from '../attempts.js'

let server: TestServer
before(async () => {
  server = await startServer()
  await uploadDataset(server)
  await eventually('the log of changes to begin', async () => {
    const { events } = await pageOf('after=start')
    return events.length > 0
  })
})
after(() => server.close())

interface Page {
  events: ChangeEvent[]
  lastEventId: string
}

async function pageOf(query: string): Promise<Page> {
  const { status, body, text } = await server.api.get(`/events?format=json&${query}`)
  assert.equal(status, 200, text)
  return body
}

async function submit(name: string): Promise<string> {
  const { status, body, text } = await server.api.post('/jobs').send({ ...smallJob, name })
  assert.equal(status, 202, text)
  return body.id
}

async function openStream(query = '', headers: Record<string, string> = {}) {
  const stream = await openEventStream(server, `/events${query && `?${query}`}`, headers)
  /** The next event; `data` is the whole event. */
  const next = async () => {
    const frame = await stream.nextEvent()
    assert.ok(frame, 'the stream ended')
    return { id: frame.id, type: frame.event, event: JSON.parse(frame.data!) }
  }
  return { ...stream, next }
}

test('the stream has each state of a job once and in order, then its model and its deletion', async () => {
  const stream = await openStream()
  const opened = await stream.next()
  assert.equal(opened.type, 'stream.open')
  assert.equal(opened.event.id, opened.id)

  const id = await submit('walked')
  await server.api.post(`/jobs/${id}/pause`)
  await server.api.post(`/jobs/${id}/resume`)
  await startJob(server, id)
  await server.api.post(`/jobs/${id}/pause`)
  await endJob(server, id)
  await server.api.delete(`/jobs/${id}`)
  const heard = []
  for (let last = ''; last !== 'job.deleted'; last = heard.at(-1)!.type!) {
    heard.push(await stream.next())
  }
  assert.deepEqual(
    heard.map(({ type, event }) => [
      type,
      event.data.status,
      event.data.requested,
      event.data.name,
    ]),
    [
      ['job.queued', 'queued', null, 'walked'],
      ['job.paused', 'paused', null, 'walked'],
      ['job.queued', 'queued', null, 'walked'],
      ['job.running', 'running', null, 'walked'],
      ['job.changed', 'running', 'pause', 'walked'],
      ['job.succeeded', 'succeeded', null, 'walked'],
      ['model.created', undefined, undefined, undefined],
      ['job.deleted', null, undefined, 'walked'],
    ],
  )
  const succeeded = heard[5]!.event
  assert.deepEqual(succeeded.data.model, { id: 'shades', version: 1 })
  assert.deepEqual(heard[6]!.event.data, { id: 'shades', version: 1, job: id })
  for (const { id: eventId, type, event } of heard) {
    assert.deepEqual([event.id, event.type], [eventId, type])
    assert.ok(Date.parse(event.timestamp))
  }

  stream.response.destroy()
  // a reconnect goes on after the event that it names, as does a client that cannot set headers
  const header = await openStream('', { 'last-event-id': heard[4]!.id! })
  const query = await openStream(`after=${heard[4]!.id}`)
  for (const resumed of [header, query]) {
    assert.deepEqual((await resumed.next()).id, heard[5]!.id)
    resumed.response.destroy()
  }
})

test('data sets, models and weights are told when they come and go, however that happened', async () => {
  const { lastEventId } = await pageOf('')
  const { body: dataset } = await server.api
    .post('/datasets')
    .field('name', 'others')
    .attach('file', idxFiles(44).images, 'images')
    .attach('file', idxFiles(44).labels, 'labels')
  await server.api.delete('/datasets/others')
  // a trainer publishes models, and has no Redis
  await putModel(server.store, 'found')
  server.deps.changes.resourceChanged('model', 'found/1')
  await eventually('the model to be told', async () => {
    return (await pageOf(`after=${lastEventId}&types=model`)).events.length > 0
  })
  await server.api.delete('/models/found')
  const types = async () => {
    const { events } = await pageOf(`after=${lastEventId}&types=dataset,model`)
    return events.map(({ type, data }) => `${type} ${'id' in data ? data.id : ''}`)
  }
  await eventually('the deletion', async () => (await types()).includes('model.deleted found'))
  assert.deepEqual(await types(), [
    `dataset.created ${dataset.id}`,
    `dataset.deleted ${dataset.id}`,
    'model.created found',
    'model.deleted found',
  ])
})

test('aliases are told when they are moved, promoted, rolled back and deleted, by one or several servers', async t => {
  const { api, deps } = server
  await putModel(server.store, 'aliased', 1)
  await putModel(server.store, 'aliased', 2)
  const second = new Changes({
    redis: server.redis,
    stores: watchedStores(deps),
    models: deps.modelRecords.feed,
    turns: new Turns(),
    log: { warn: () => {} },
  })
  t.after(() => second.close())
  const { lastEventId } = await pageOf('')
  await api.put('/models/aliased/aliases/production').send({ version: 1, reason: 'first' })
  await api.post('/models/aliased/promote').send({ version: 2, to: 'production' })
  await api.post('/models/aliased/aliases/production/rollback').send({})
  await api.delete('/models/aliased/aliases/production')
  const types = 'model.aliasMoved,model.promoted,model.rolledBack,model.aliasDeleted'
  const told = await eventually('the changes', async () => {
    const { events } = await pageOf(`after=${lastEventId}&types=${types}`)
    return events.length >= 4 && events
  })
  assert.deepEqual(
    told.map(
      ({ type, data }) => 'alias' in data && [type, data.model, data.from, data.to, data.reason],
    ),
    [
      ['model.aliasMoved', 'aliased', null, 1, 'first'],
      ['model.promoted', 'aliased', 1, 2, null],
      ['model.rolledBack', 'aliased', 2, 1, null],
      ['model.aliasDeleted', 'aliased', 1, null, null],
    ],
  )
})

test('a new name of a job is a change of it', async () => {
  const { lastEventId } = await pageOf('')
  const id = await submit('before')
  await server.api.patch(`/jobs/${id}`).send({ name: 'after' })
  const { events } = await pageOf(`after=${lastEventId}&jobs=${id}`)
  assert.deepEqual(
    events.map(({ type, data }) => [type, (data as { name: string }).name]),
    [
      ['job.queued', 'before'],
      ['job.changed', 'after'],
    ],
  )
})

test('a ticket opens the stream without a key', async () => {
  const { status, body } = await server.api
    .post('/stream-tickets')
    .send({ path: '/events?types=job' })
  assert.equal(status, 201)
  const path = new URL(body.url, server.url)
  const stream = await openEventStream({ url: server.url, key: '' }, path.pathname + path.search, {
    authorization: '',
  })
  assert.equal((await stream.nextEvent())?.event, 'stream.open')
  stream.response.destroy()
})

test('filters by type and job hold, and the stream still says how far it is', async () => {
  const { lastEventId } = await pageOf('')
  const [one, other] = [await submit('one'), await submit('other')]
  await server.api.post(`/jobs/${one}/cancel`)
  await server.api.post(`/jobs/${other}/cancel`)
  const typesOf = ({ events }: Page) =>
    events.map(({ type, data }) => [type, (data as { id: string }).id])
  const ofOne = await pageOf(`after=${lastEventId}&jobs=${one}`)
  assert.deepEqual(typesOf(ofOne), [
    ['job.queued', one],
    ['job.cancelled', one],
  ])
  const cancelled = await pageOf(`after=${lastEventId}&types=job.cancelled`)
  assert.deepEqual(typesOf(cancelled), [
    ['job.cancelled', one],
    ['job.cancelled', other],
  ])
  const first = await pageOf(`after=${lastEventId}&limit=1`)
  assert.deepEqual(typesOf(first), [['job.queued', one]])
  assert.equal((await pageOf(`after=${first.lastEventId}&limit=1`)).events.length, 1)
  const none = await pageOf(`after=${lastEventId}&types=weights`)
  assert.deepEqual(none.events, [])
  assert.deepEqual((await pageOf(`after=${none.lastEventId}`)).events, [])
})

test('a long poll is answered by the next change, and by the end of its time', async () => {
  const { lastEventId } = await pageOf('')
  const waiting = pageOf(`after=${lastEventId}&wait=50`)
  const id = await submit('waited-for')
  const { events } = await within('the answer', waiting)
  assert.deepEqual((events[0]!.data as { id: string }).id, id)
  const idle = await pageOf('wait=1')
  assert.deepEqual(idle.events, [])
})

test('the progress of running jobs comes between the changes, without an id', async () => {
  const stream = await openStream('types=job.progress')
  assert.equal((await stream.next()).type, 'stream.open')
  const id = await submit('measured')
  await startJob(server, id)
  await publishProgress(server, id, 2, { loss: 0.25 })
  const { id: eventId, type, event } = await stream.next()
  assert.deepEqual([eventId, type, event.data.id], [undefined, 'job.progress', id])
  const { attempt, phase, progress, metrics } = event.data
  assert.deepEqual([attempt, phase, metrics], [1, 'training', { loss: 0.25 }])
  const { step, steps, fraction, resumedFrom } = progress
  assert.deepEqual([step, steps, fraction, resumedFrom], [2, 4, 0.5, 0])
  stream.response.destroy()
})

test('what cannot be is refused', async () => {
  for (const query of [
    'types=job.ended',
    'jobs=none',
    'after=yesterday',
    'wait=5',
    'limit=5',
    'format=json&types=job.progress',
    'format=json&wait=51',
  ]) {
    const answer = await server.api.get(`/events?${query}`)
    assert.equal(answer.status, 400, query)
  }
})

test('an id that the log does not have resets a client', async () => {
  for (const id of ['1-0-00000000', 'nonsense']) {
    const stream = await openStream('', { 'last-event-id': id })
    const { type, event } = await stream.next()
    assert.equal(type, 'stream.reset', id)
    assert.match(event.data.message, /read the lists again/)
    stream.response.destroy()
  }
  const { events, lastEventId } = await pageOf('after=1-0-00000000')
  assert.deepEqual(
    events.map(({ type }) => type),
    ['stream.reset'],
  )
  assert.deepEqual((await pageOf(`after=${lastEventId}`)).events, [])
})

test('a crowd, some of which reconnect, hears every change once', async () => {
  const { lastEventId } = await pageOf('')
  const jobs = 6
  const collect = async (breaks: boolean) => {
    const heard: string[] = []
    let last = lastEventId
    while (heard.length < 2 * jobs) {
      const stream = await openStream('types=job', { 'last-event-id': last })
      for (let broken = false; !broken && heard.length < 2 * jobs; ) {
        const { id, type, event } = await stream.next()
        if (!event.data.name?.startsWith('crowd-')) continue
        heard.push(`${type} ${event.data.name}`)
        last = id!
        broken = breaks && Math.random() < 0.2
      }
      stream.response.destroy()
    }
    return heard
  }
  const crowd = Array.from({ length: 30 }, (_, i) => collect(i % 2 === 0))
  for (let i = 0; i < jobs; i++) {
    const id = await submit(`crowd-${i}`)
    await server.api.post(`/jobs/${id}/cancel`)
  }
  const expected = Array.from({ length: jobs }, (_, i) => [
    `job.queued crowd-${i}`,
    `job.cancelled crowd-${i}`,
  ]).flat()
  for (const heard of await Promise.all(crowd)) assert.deepEqual(heard, expected)
})

test('several servers tell the same changes, each once, and a client may go from one to another', async t => {
  const second = new Changes({
    redis: server.redis,
    stores: watchedStores(server.deps),
    models: server.deps.modelRecords.feed,
    turns: new Turns(),
    log: { warn: () => {} },
  })
  t.after(() => second.close())
  const { signal } = new AbortController()
  const { lastEventId } = await pageOf('')
  await putModel(server.store, 'shared')
  for (const changes of [second, server.deps.changes, second]) {
    changes.resourceChanged('model', 'shared/1')
  }
  const id = await submit('told-once')
  await eventually('both changes', async () => {
    return (await pageOf(`after=${lastEventId}&types=job.queued,model.created`)).events.length >= 2
  })
  const first = await pageOf(`after=${lastEventId}&types=job.queued,model.created`)
  assert.deepEqual(first.events.map(({ type }) => type).sort(), ['job.queued', 'model.created'])
  const page = { types: ['job.queued', 'model.created'], limit: 100, waits: false, signal }
  const other = await second.feed.page({ ...page, after: lastEventId })
  assert.deepEqual(
    other.events.map(event => JSON.parse(event)),
    first.events,
  )
  // the first server is told first: to the second, its newest id may be one of the future
  await server.api.post(`/jobs/${id}/cancel`)
  const newest = await pageOf(`after=${lastEventId}`)
  const moved = await second.feed.page({ ...page, after: newest.lastEventId })
  assert.deepEqual(moved, { events: [], lastEventId: newest.lastEventId })
})

test('followers outlive an outage of Redis, and hear what happened meanwhile', async () => {
  const stream = await openStream('types=job')
  assert.equal((await stream.next()).type, 'stream.open')
  await server.redis.flush()
  assert.equal((await stream.next()).type, 'stream.reset')
  const id = await submit('after-the-wipe')
  const queued = await stream.next()
  assert.deepEqual([queued.type, queued.event.data.id], ['job.queued', id])

  await server.redis.stop()
  await eventually('polls to be refused', async () => {
    return (await server.api.get('/events?format=json')).body.code === 'QUEUE_UNAVAILABLE'
  })
  const late = await openStream('types=job')
  await server.redis.start()
  assert.equal((await stream.next()).type, 'stream.reset')
  assert.equal((await late.next()).type, 'stream.open')
  const next = await submit('after-the-outage')
  for (const each of [stream, late]) {
    assert.equal((await each.next()).event.data.id, next)
    each.response.destroy()
  }
})
