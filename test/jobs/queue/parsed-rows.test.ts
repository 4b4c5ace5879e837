import assert from 'node:assert/strict'
import { test } from 'node:test'
import { noDigest, ParsedRows } from '../../../src/jobs/queue/parsed-rows.js'

const document = (name: string) =>
  `0:${JSON.stringify({ tags: [`name:${name}`], name, training: {}, steps: 10 })}`
const state = (version: number, status: string, step: number) =>
  `${version}:${status}:${JSON.stringify({ step, metrics: {} })}`

test('a row is found again by the digest of its entry', () => {
  const rows = new ParsedRows()
  assert.equal(rows.find('a', '1'), undefined)
  const first = rows.parse('a', '1', document('one'), state(3, 'succeeded', 10))
  assert.deepEqual(first.tags, ['name:one'])
  assert.equal(rows.find('a', '1'), first)
  assert.equal(rows.find('a', '2'), undefined)
  assert.equal(rows.find('b', '1'), undefined)
  const renamed = rows.parse('a', '2', document('two'), state(3, 'succeeded', 10))
  assert.equal(renamed.row.name, 'two')
  assert.equal(rows.find('a', '1'), undefined)
  assert.equal(rows.find('a', '2'), renamed)
})

test('the row of a running job, which is given its live state, is not shared', () => {
  const rows = new ParsedRows()
  rows.parse('a', '1', document('one'), state(1, 'queued', 0))
  rows.parse('a', '2', document('one'), state(2, 'running', 5))
  assert.equal(rows.find('a', '1'), undefined)
  assert.equal(rows.find('a', '2'), undefined)
})

test('a row without a digest is not kept', () => {
  const rows = new ParsedRows()
  rows.parse('a', noDigest, document('one'), state(3, 'succeeded', 10))
  assert.equal(rows.find('a', noDigest), undefined)
})

test('of many rows, those that were parsed last are kept', () => {
  const rows = new ParsedRows()
  for (let i = 0; i <= 12_000; i++) {
    rows.parse(`job ${i}`, '1', document('one'), state(3, 'succeeded', 10))
  }
  assert.equal(rows.find('job 0', '1'), undefined)
  assert.notEqual(rows.find('job 1', '1'), undefined)
})
