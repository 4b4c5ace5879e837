import assert from 'node:assert/strict'
import { test } from 'node:test'
import { webhookEvents } from '../../src/spec/webhook.js'
import { eventsOf, minMessageId, retentionMs } from '../../src/webhooks/events.js'

const now = Date.parse('2026-06-01T12:00:00.000Z')
const at = (minutes: number) => new Date(now + minutes * 60_000).toISOString()

const webhook = {
  id: 'wh-1',
  url: 'https://example.com/hook',
  createdAt: at(-60),
  events: [...webhookEvents],
  labels: {},
}
const job = {
  id: 'job-1',
  labels: { team: 'vision', stage: 'test' },
  transitions: [
    { status: 'queued' as const, at: at(-61), attempt: 0 },
    { status: 'running' as const, at: at(-50), attempt: 1 },
    { status: 'queued' as const, at: at(-40), attempt: 1 },
    { status: 'running' as const, at: at(-30), attempt: 2 },
    { status: 'succeeded' as const, at: at(-20), attempt: 2 },
  ],
}

test('each transition since the webhook was created is one event with its own id, in order', () => {
  const found = eventsOf(webhook, job, now)
  const events = ['job.running', 'job.queued', 'job.running', 'job.succeeded']
  assert.deepEqual(
    found.map(({ event }) => event),
    events,
  )
  const ids = found.map(({ id }) => id)
  assert.equal(new Set(ids).size, 4)
  assert.deepEqual([...ids].sort(), ids)
  assert.deepEqual(eventsOf(webhook, job, now + 1000), found)
  assert.ok(ids.every(id => /^msg_[0-9a-z]{26}$/.test(id) && id >= minMessageId(now - 60 * 60_000)))
})

test('transitions in the same millisecond keep their order', () => {
  const statuses = ['queued', 'running', 'paused', 'queued', 'running', 'failed'] as const
  const transitions = statuses.map(status => ({ status, at: at(0), attempt: 1 }))
  const found = eventsOf(webhook, { ...job, transitions }, now)
  const byId = found.toSorted((a, b) => (a.id < b.id ? -1 : 1))
  assert.deepEqual(
    byId.map(({ event }) => event),
    statuses.map(status => `job.${status}`),
  )
})

test('two webhooks have different ids for the same event', () => {
  const ids = eventsOf(webhook, job, now).map(({ id }) => id)
  const others = eventsOf({ ...webhook, id: 'wh-2' }, job, now)
  assert.ok(others.every(({ id }) => !ids.includes(id)))
})

test('a webhook gets only the events and labels that it subscribes to', () => {
  const succeeded = { ...webhook, events: ['job.succeeded' as const] }
  assert.deepEqual(
    eventsOf(succeeded, job, now).map(({ event }) => event),
    ['job.succeeded'],
  )
  const count = (labels: Record<string, string>) =>
    eventsOf({ ...webhook, labels }, job, now).length
  assert.equal(count({ team: 'vision' }), 4)
  assert.equal(count({ team: 'vision', stage: 'test' }), 4)
  assert.equal(count({ team: 'speech' }), 0)
  assert.equal(count({ owner: '' }), 0)
})

test('transitions older than the retention are no events', () => {
  assert.equal(eventsOf(webhook, job, now + retentionMs).length, 0)
})
