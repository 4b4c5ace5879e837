import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ParsedRows } from '../../../src/jobs/queue/parsed-rows.js'

const document = (name: string) =>
  `0:${JSON.stringify({ tags: [`name:${name}`], name, training: {}, steps: 10 })}`
const state = (version: number, status: string, step: number) =>
  `${version}:${status}:${JSON.stringify({ step, metrics: {} })}`

test('a row is parsed once, and again after a change of either part', () => {
  const rows = new ParsedRows()
  const first = rows.parse('a', document('one'), state(3, 'succeeded', 10))
  assert.deepEqual(first.tags, ['name:one'])
  assert.equal(rows.parse('a', document('one'), state(3, 'succeeded', 10)), first)
  const renamed = rows.parse('a', document('two'), state(3, 'succeeded', 10))
  assert.equal(renamed.row.name, 'two')
  assert.equal(rows.parse('a', document('two'), state(4, 'queued', 0)).row.status, 'queued')
})

test('the row of a running job, which is given its live state, is not shared', () => {
  const rows = new ParsedRows()
  const running = () => rows.parse('a', document('one'), state(2, 'running', 5))
  running().row.progress.step = 7
  assert.equal(running().row.progress.step, 5)
})
