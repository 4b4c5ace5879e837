import assert from 'node:assert/strict'
import { test } from 'node:test'
import Fastify from 'fastify'
import { Registry } from 'prom-client'
import { PredictionMetrics } from '../../../src/api/scrape/prediction-metrics.js'
import { PredictionStatistics } from '../../../src/serving/statistics.js'

test('models beyond the hundredth share a label until one has not predicted for an hour', async t => {
  const registry = new Registry()
  const app = Fastify()
  t.after(() => app.close())
  new PredictionMetrics(registry).observe(app, new PredictionStatistics())
  app.get<{ Params: { id: string } }>('/:id', async request => {
    request.prediction = { model: request.params.id, startedAt: performance.now(), count: 2 }
    return {}
  })
  const counts = async () => {
    const { values } = await registry.getSingleMetric('trainyard_predictions_total')!.get()
    return new Map(values.map(({ labels, value }) => [String(labels.model), value]))
  }
  let now = 0
  t.mock.method(performance, 'now', () => now)
  for (let i = 0; i < 100; i++) await app.inject(`/m${i}`)
  // m0 predicts again: now m1 is the one that has not predicted for the longest time
  now = 60_000
  for (const id of ['m0', 'late', 'later']) await app.inject(`/${id}`)
  let found = await counts()
  assert.equal(found.size, 101)
  assert.deepEqual([found.get('m0'), found.get('late'), found.get('(other)')], [4, undefined, 4])
  now = 3600_000
  await app.inject('/late')
  found = await counts()
  assert.equal(found.size, 101)
  assert.deepEqual([found.get('m1'), found.get('late'), found.get('m0')], [undefined, 2, 4])
})
