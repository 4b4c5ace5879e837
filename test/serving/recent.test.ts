import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
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

test('what is half as old as it may be is loaded again, and used until then', async t => {
  let now = 0
  t.mock.method(performance, 'now', () => now)
  const recent = new Recent<number>(100, 10)
  const loads: ((value: number) => void)[] = []
  const load = () => new Promise<number>(resolve => loads.push(resolve))
  const first = recent.get('a', load)
  loads[0]!(1)
  assert.equal(await first, 1)
  now = 49
  assert.equal(recent.get('a', load), 1)
  assert.equal(loads.length, 1)
  now = 60
  assert.equal(recent.get('a', load), 1)
  assert.equal(recent.get('a', load), 1)
  assert.equal(loads.length, 2, 'one load for all that ask meanwhile')
  loads[1]!(2)
  await setImmediate()
  assert.equal(recent.get('a', load), 2)
  now = 109
  assert.equal(recent.get('a', load), 2, 'its age counts from when its load began')
})

test('a load that takes longer than the value may be used is waited for', async t => {
  let now = 0
  t.mock.method(performance, 'now', () => now)
  const recent = new Recent<number>(100, 10)
  const loads: ((value: number) => void)[] = []
  const load = () => new Promise<number>(resolve => loads.push(resolve))
  const first = recent.get('a', load)
  loads[0]!(1)
  await first
  now = 60
  assert.equal(recent.get('a', load), 1)
  now = 100
  const waited = recent.get('a', load)
  assert.equal(loads.length, 2)
  loads[1]!(2)
  assert.equal(await waited, 2)
  assert.equal(recent.get('a', load), 2)
})

test('after a load has failed beside a value, the next request loads again', async t => {
  let now = 0
  t.mock.method(performance, 'now', () => now)
  const recent = new Recent<number>(100, 10)
  await recent.get('a', async () => 1)
  now = 60
  const fail = () => Promise.reject(new Error('the disk failed'))
  assert.equal(recent.get('a', fail), 1)
  await setImmediate()
  await assert.rejects(async () => recent.get('a', fail), /the disk failed/)
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
