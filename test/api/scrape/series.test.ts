import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Registry } from 'prom-client'
import { getOrCreate, SeriesCounter, SeriesHistogram } from '../../../src/api/scrape/series.js'

const linesOf = async (registry: Registry) =>
  (await registry.metrics()).split('\n').filter(line => line !== '' && !line.startsWith('# HELP'))

test('a counter has a line for each series until the series is removed', async () => {
  const registry = new Registry()
  const counter = new SeriesCounter({ registry, name: 'requests_total', help: 'Requests.' })
  assert.deepEqual(await linesOf(registry), ['# TYPE requests_total counter'])
  const found = counter.add({ route: '/a', status: 200 })
  const other = counter.add({ route: '/"b"', status: 404 })
  found.value += 2
  other.value++
  const lines = [
    '# TYPE requests_total counter',
    'requests_total{route="/a",status="200"} 2',
    'requests_total{route="/\\"b\\"",status="404"} 1',
  ]
  assert.deepEqual(await linesOf(registry), lines)
  counter.remove(found)
  assert.deepEqual(await linesOf(registry), [lines[0], lines[2]])
})

test('the buckets of a histogram count values up to their bounds', async () => {
  const registry = new Registry()
  const options = { registry, name: 'seconds', help: 'Seconds.', buckets: [0.1, 1] }
  const histogram = new SeriesHistogram(options)
  const series = histogram.add({ model: 'm' })
  for (const value of [0.1, 0.5, 1, 4]) series.observe(value)
  assert.deepEqual(await linesOf(registry), [
    '# TYPE seconds histogram',
    'seconds_bucket{le="0.1",model="m"} 1',
    'seconds_bucket{le="1",model="m"} 3',
    'seconds_bucket{le="+Inf",model="m"} 4',
    'seconds_sum{model="m"} 5.6',
    'seconds_count{model="m"} 4',
  ])
  histogram.remove(series)
  assert.deepEqual(await linesOf(registry), ['# TYPE seconds histogram'])
})

test('what is known is created once', () => {
  const map = new Map<string, number>()
  assert.equal(
    getOrCreate(map, 'a', () => 0),
    0,
  )
  assert.equal(
    getOrCreate(map, 'a', () => 1),
    0,
  )
})
