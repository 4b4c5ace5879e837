import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ChartCache } from '../../../src/jobs/telemetry/chart-cache.js'

test('a text is made again only for another state', async () => {
  const cache = new ChartCache()
  const made: string[] = []
  const text = (key: string, state: string) =>
    cache.text(key, state, async () => {
      made.push(`${key} ${state}`)
      return `text of ${key} ${state}`
    })
  assert.equal(await text('a', '1'), 'text of a 1')
  assert.equal(await text('b', '1'), 'text of b 1')
  assert.equal(await text('a', '1'), 'text of a 1')
  assert.equal(await text('a', '2'), 'text of a 2')
  assert.equal(await text('a', '2'), 'text of a 2')
  assert.deepEqual(made, ['a 1', 'b 1', 'a 2'])
})

test('what was not used for the longest time makes room', async () => {
  const cache = new ChartCache()
  const made: string[] = []
  const use = (key: string) =>
    cache.text(key, '', async () => {
      made.push(key)
      return 'x'.repeat(5 * 2 ** 20)
    })
  for (const key of ['a', 'b', 'c', 'a', 'd', 'a', 'c']) await use(key)
  assert.deepEqual(made, ['a', 'b', 'c', 'd'])
  await use('b')
  assert.deepEqual(made, ['a', 'b', 'c', 'd', 'b'])
})

test('an error is not kept', async () => {
  const cache = new ChartCache()
  await assert.rejects(
    cache.text('a', '', () => Promise.reject(new Error('no log'))),
    /no log/,
  )
  assert.equal(await cache.text('a', '', async () => 'there'), 'there')
})
