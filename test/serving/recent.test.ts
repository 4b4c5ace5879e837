import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Recent } from '../../src/serving/recent.js'

test('requests share a load, and what it found', async () => {
  const recent = new Recent<number>(60_000, 10)
  let loads = 0
  const load = async () => ++loads
  assert.deepEqual(await Promise.all([recent.get('a', load), recent.get('a', load)]), [1, 1])
  assert.equal(recent.get('a', load), 1)
  assert.equal(await recent.get('b', load), 2)
})

test('what is too old is loaded again', async () => {
  const recent = new Recent<number>(0, 10)
  let loads = 0
  const load = async () => ++loads
  assert.equal(await recent.get('a', load), 1)
  assert.equal(await recent.get('a', load), 2)
})

test('a failure reaches those who wait for it, and nobody else', async () => {
  const recent = new Recent<number>(60_000, 10)
  const fail = () => Promise.reject(new Error('the disk failed'))
  const waiting = [recent.get('a', fail), recent.get('a', fail)]
  for (const one of waiting) await assert.rejects(async () => one, /the disk failed/)
  assert.equal(await recent.get('a', async () => 1), 1)
})

test('the key that was loaded first is forgotten if there are too many', async () => {
  const recent = new Recent<number>(60_000, 2)
  let loads = 0
  const load = async () => ++loads
  for (const key of ['a', 'b', 'c', 'b']) await recent.get(key, load)
  assert.equal(loads, 3)
  await recent.get('a', load)
  assert.equal(loads, 4)
})
