import assert from 'node:assert/strict'
import { test } from 'node:test'
import { planJob } from '../../../src/planning/plan.js'
import { digitsManifest } from '../../../testing/digits-manifest.js'
import { describeRun } from '../../../workers/attempts/run-description.js'

test("a run's settings are columns, each with one value, and have the names of the request's fields", () => {
  const plan = planJob(
    { id: 'job-1', createdAt: '2026-01-01T00:00:00.000Z' },
    {
      name: 'digits',
      model: { kind: 'resnet', depth: 8 },
      dataset: 'digits',
      training: { learningRate: { schedule: 'cosine', peak: 0.05 } },
    },
    digitsManifest(),
    null,
  )
  const job = { ...plan, freeze: ['resnet/conv_0/*'], labels: { team: 'vision' } }
  const { group, hparams, text } = describeRun(job)
  assert.equal(group, 'digits-job-1')
  assert.match(text, /^```json\n\{[\s\S]*"id": "job-1"[\s\S]*\}\n```$/)
  for (const [name, value] of Object.entries({
    'model.kind': 'resnet',
    'model.depth': 8,
    'training.learningRate.peak': 0.05,
    'labels.team': 'vision',
    freeze: '["resnet/conv_0/*"]',
    dataset: 'digits',
  })) {
    assert.equal(hparams[name], value, name)
  }
  for (const value of Object.values(hparams)) assert.notEqual(typeof value, 'object')
})
