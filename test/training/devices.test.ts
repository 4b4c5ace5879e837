import assert from 'node:assert/strict'
import { test } from 'node:test'
import { graphDef } from '../../src/graph/graph-def.js'
import type { TrainingPlan } from '../../src/spec/training-options.js'
import { deviceNames, placesToUse } from '../../src/training/devices.js'
import { buildTrainingProgram } from '../../src/training/program.js'
import { images, plan, reference } from './reference-job.js'

test('devices are named by their task if there are several', () => {
  const names = (
    workers: number,
    devices: number,
    options: Partial<TrainingPlan> = { shards: 4 },
  ) => deviceNames({ ...plan, ...options }, 'cpu', { workers, devices })
  assert.deepEqual(names(1, 1, {}), [''])
  assert.deepEqual(names(1, 2), ['/device:CPU:0', '/device:CPU:1'])
  const tasks = ['/job:worker/replica:0/task:0', '/job:worker/replica:0/task:1']
  assert.deepEqual(
    names(2, 2),
    tasks.flatMap(task => [`${task}/device:CPU:0`, `${task}/device:CPU:1`]),
  )
})

test('an attempt takes as many devices as fit, of all workers if it can', () => {
  const use = (shards: number, asked: number, workers: number, devices: number) => {
    const places = placesToUse({ shards }, asked, { workers, devices })
    return [places.workers, places.devices]
  }
  assert.deepEqual(use(8, 2, 2, 4), [2, 2])
  assert.deepEqual(use(8, 4, 2, 2), [2, 2])
  assert.deepEqual(use(8, 3, 2, 3), [2, 2])
  assert.deepEqual(use(6, 3, 2, 3), [2, 3])
  // six micro-batches cannot be divided among four
  assert.deepEqual(use(6, 3, 2, 2), [2, 1])
  // three workers cannot divide four
  assert.deepEqual(use(4, 1, 3, 1), [2, 1])
  assert.deepEqual(use(5, 1, 3, 1), [1, 1])
  assert.deepEqual(use(1, 4, 2, 4), [1, 1])
})

test('what several tasks compute has the rest of its nodes on the first', () => {
  const { graph, signatures } = buildTrainingProgram({
    ...{ model: reference.cases[0]!.model, images, classes: reference.classes },
    plan: { ...plan, shards: 2 },
    devices: deviceNames({ shards: 2 }, 'cpu', { workers: 2, devices: 1 }),
  })
  const roots = Object.values(signatures.train!.outputs).map(({ node }) => node)
  const found = new Map<string, number>()
  for (const { device } of graphDef(graph, roots).node) {
    found.set(device, (found.get(device) ?? 0) + 1)
  }
  const [first, second] = ['/job:worker/replica:0/task:0', '/job:worker/replica:0/task:1']
  const [own, other] = [`${first}/device:CPU:0`, `${second}/device:CPU:0`]
  assert.deepEqual([...found.keys()].sort(), [first, own, other])
  // both compute the same, but that one counts the index of its batch up
  assert.ok(Math.abs(found.get(own)! - found.get(other)!) <= 4, `${[...found]}`)
})
