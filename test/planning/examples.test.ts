import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Check } from 'typebox/value'
import { planNetworkJob } from '../../src/planning/plan.js'
import { NetworkJobRequest } from '../../src/spec/job.js'
import { digitsManifest } from '../../testing/digits-manifest.js'

const networks = readdirSync('examples').filter(name => /mnist\.json$/.test(name))

for (const file of networks) {
  test(`examples/${file} is a job that the server takes`, () => {
    const request: unknown = JSON.parse(readFileSync(`examples/${file}`, 'utf8'))
    assert.ok(Check(NetworkJobRequest, request))
    const identity = { id: `job-${'0'.repeat(26)}`, createdAt: '2026-01-01T00:00:00.000Z' }
    const images = digitsManifest({ records: 60_000 })
    const { model, training } = planNetworkJob(
      identity,
      request,
      images,
      digitsManifest({ records: 10_000 }),
    )
    assert.deepEqual(model, { kind: 'resnet', depth: 20, version: 2, stem: 'cifar' })
    assert.equal(training.precision, 'bf16')
  })
}
