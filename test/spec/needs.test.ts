import assert from 'node:assert/strict'
import { test } from 'node:test'
import { knownFeatures } from '../../src/spec/features.js'
import { lacks, type Needs, needsOf, whyNobody } from '../../src/spec/needs.js'
import { isNewerVersion, unknownOptions } from '../../src/spec/unknown-options.js'
import { workerReport } from '../../testing/worker-report.js'

const needs = (overrides: Partial<Needs>): Needs => ({
  features: [],
  gpus: 0,
  labels: [],
  memoryBytes: 0,
  ...overrides,
})

const slots = (...gpus: (number | null)[]) =>
  gpus.map(gpu => ({ job: null, gpu, cpuSeconds: 0, residentBytes: 0 }))

test('a job that asks for nothing needs nothing, and equal needs are written the same', () => {
  assert.equal(needsOf({}), null)
  assert.equal(needsOf({ resources: { gpus: 0, labels: [] } }), null)
  assert.deepEqual(
    needsOf({ resources: { labels: ['ssd', 'a'], gpus: 1 }, requires: ['resources'] }),
    needsOf({ resources: { gpus: 1, labels: ['a', 'ssd'] }, requires: ['resources'] }),
  )
})

test('a worker lacks GPUs, memory, labels and options that it does not have', () => {
  const worker = workerReport({ slots: slots(0, 0), version: '0.1.0' })
  assert.deepEqual(lacks(needs({ gpus: 1, labels: ['ssd', 'zone=a'] }), worker), [])
  assert.deepEqual(lacks(needs({ gpus: 2 }), worker), ['1 of 2 GPUs'])
  assert.deepEqual(lacks(needs({ gpus: 1 }), { ...worker, slots: slots(null) }), ['no GPU'])
  assert.deepEqual(lacks(needs({ labels: ['zone=b', 'nvme'] }), worker), [
    'no label zone=b and nvme',
  ])
  assert.deepEqual(lacks(needs({ memoryBytes: 2 ** 34 + 1 }), worker), [
    '16.0 GiB of 16.0 GiB of memory',
  ])
  // without a limit, the memory of the machine counts
  const unlimited = { ...worker, memory: { ...worker.memory, limitBytes: null } }
  assert.deepEqual(lacks(needs({ memoryBytes: 2 ** 34 + 1 }), unlimited), [])
  assert.deepEqual(lacks(needs({ memoryBytes: 2 ** 36 }), unlimited), [
    '32.0 GiB of 64.0 GiB of memory',
  ])
  assert.deepEqual(lacks(needs({ features: ['resources', 'teleport'] }), worker), [
    'version 0.1.0 does not know teleport',
  ])
})

test('a worker with an engine has the GPUs that the engine may be asked for', () => {
  const worker = workerReport({ slots: slots(null), engineGpus: 4 })
  assert.deepEqual(lacks(needs({ gpus: 4 }), worker), [])
  assert.deepEqual(lacks(needs({ gpus: 8 }), worker), ['4 of 8 GPUs'])
})

test('a worker of a version from before the report of labels and options lacks them', () => {
  const { labels: _labels, features: _features, ...old } = workerReport()
  assert.deepEqual(lacks(needs({ features: ['resources'], labels: ['ssd'] }), old), [
    'version 0.0.0 does not know resources',
    'no label ssd',
  ])
})

test('whether nobody can run a job is said by worker', () => {
  const wanted = needs({ gpus: 2, labels: ['ssd'] })
  const one = workerReport({ host: 'gpu-1', slots: slots(0) })
  const two = workerReport({ host: 'cpu-1', slots: slots(null), labels: [] })
  assert.equal(
    whyNobody(wanted, [one, two]),
    'no worker has 2 GPUs and the label ssd (gpu-1: 1 of 2 GPUs; cpu-1: no GPU, no label ssd)',
  )
  const fit = workerReport({ host: 'gpu-2', slots: slots(0, 1) })
  assert.equal(whyNobody(wanted, [one, fit]), null)
  assert.match(whyNobody(wanted, [{ ...fit, draining: true }])!, /gpu-2: takes no more jobs/)
  const many = Array.from({ length: 12 }, (_, i) => ({ ...two, host: `cpu-${i}` }))
  assert.match(whyNobody(wanted, many)!, /cpu-4: .*; and 7 more\)$/)
})

test('a reason is said once for all workers that have it', () => {
  const none = { ...workerReport(), labels: [] }
  const [a, b] = ['cpu-1', 'cpu-2'].map(host => ({ ...none, host }))
  assert.equal(
    whyNobody(needs({ labels: ['ssd'] }), [a!, b!]),
    'no worker has the label ssd (cpu-1, cpu-2: no label ssd)',
  )
})

test('a job of several processes needs a worker that runs such jobs, and the others say why not', () => {
  const wanted = needsOf({ resources: { workers: 2 }, requires: ['resources', 'workers'] })!
  const features = ['resources', 'workers']
  const able = workerReport({ features })
  const unable = workerReport({ host: 'box', features, gangProblem: 'they have no network' })
  assert.deepEqual(lacks(wanted, able), [])
  assert.deepEqual(lacks(wanted, unable), ['they have no network'])
  assert.deepEqual(lacks(needs({ features: ['resources'] }), unable), [])
  assert.equal(
    whyNobody(wanted, [unable]),
    'no worker has a network for several processes of one job (box: they have no network)',
  )
  // of a version that runs such jobs, and from before it reported whether it can
  const { gangProblem: _, ...older } = able
  assert.deepEqual(lacks(wanted, older), [])
})

test('a request with fields and kinds of a newer version has unknown options, and others have none', () => {
  const request = {
    dataset: 'digits',
    model: { kind: 'resnet', depth: 18 },
    training: { steps: 3, optimizer: { kind: 'sgd', momentum: 0.9 }, validation: { holdOut: 0.1 } },
    resources: { gpus: 1 },
  }
  assert.deepEqual(unknownOptions(request), [])
  assert.deepEqual(
    unknownOptions({ ...request, training: { ...request.training, teleport: true } }),
    ['/training/teleport'],
  )
  assert.deepEqual(unknownOptions({ ...request, resources: { gpus: 1, tpus: 4 } }), [
    '/resources/tpus',
  ])
  assert.equal(unknownOptions({ ...request, model: { kind: 'dream' } }).length, 1)
  const boosting = { dataset: 'houses', model: { kind: 'boosting' }, training: { target: 'price' } }
  assert.deepEqual(unknownOptions(boosting), [])
  assert.deepEqual(unknownOptions({ ...boosting, model: { kind: 'boosting', dreams: 1 } }), [
    '/model/dreams',
  ])
  assert.deepEqual(unknownOptions(undefined), [])
})

test('versions are compared by their numbers', () => {
  assert.equal(isNewerVersion('0.10.0', '0.9.9'), true)
  assert.equal(isNewerVersion('0.9.9', '0.10.0'), false)
  assert.equal(isNewerVersion('1.0.0', '1.0.0'), false)
  assert.equal(isNewerVersion('1.0.0', 'strange'), false)
})

test('the options that this version knows are named', () => {
  assert.ok(knownFeatures.includes('resources'))
})
