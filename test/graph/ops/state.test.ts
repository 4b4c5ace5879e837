import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { Graph } from '../../../src/graph/graph.js'
import { restoreTensors, saveTensors } from '../../../src/graph/ops/checkpoint.js'
import { constant, placeholder, scalar } from '../../../src/graph/ops/constant.js'
import { group, identity } from '../../../src/graph/ops/control.js'
import { mul } from '../../../src/graph/ops/math.js'
import { applyAdam } from '../../../src/graph/ops/optimizers.js'
import { randomTruncatedNormal, randomUniform } from '../../../src/graph/ops/random.js'
import { assign, assignAdd, assignSub, read, variable } from '../../../src/graph/ops/state.js'
import { tempFolder } from '../../../testing/temp-folder.js'
import { openGraphSession } from '../tensorflow.js'
import { assertOpsMatchTensorFlow } from '../tensorflow-agrees.js'

const graph = new Graph()
const one = scalar(graph, 1)
const done = (...effects: Parameters<typeof group>[1]) => ({
  done: identity(one, { controlInputs: [group(graph, effects)] }),
})

const counter = variable(graph, 'counter', [], 'int32')
const weight = variable(graph, 'weight', [2])
const mean = variable(graph, 'weight/Adam', [2])
const square = variable(graph, 'weight/Adam_1', [2])
const [beta1Power, beta2Power] = [variable(graph, 'beta1', []), variable(graph, 'beta2', [])]
const all = [counter, weight, mean, square, beta1Power, beta2Power]

const two = (values: readonly number[]) => constant(graph, values)
const start = [
  assign(counter, scalar(graph, 0, 'int32')),
  assign(weight, two([1, -2])),
  assign(mean, two([0, 0])),
  assign(square, two([0, 0])),
  assign(beta1Power, scalar(graph, 0.9)),
  assign(beta2Power, scalar(graph, 0.999)),
]

const counted = assignAdd(counter, scalar(graph, 1, 'int32'))
const gradient = mul(weight.value, 2)
const adam = applyAdam(weight, gradient, {
  firstMoment: mean,
  secondMoment: square,
  beta1Power: beta1Power.value,
  beta2Power: beta2Power.value,
  learningRate: 0.1,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-7,
})
const powers = [
  assign(beta1Power, mul(beta1Power.value, 0.9), { controlInputs: [adam] }),
  assign(beta2Power, mul(beta2Power.value, 0.999), { controlInputs: [adam] }),
]
const prefix = placeholder(graph, 'prefix', 'string')
const save = saveTensors(prefix, Object.fromEntries(all.map(v => [v.name, v.value])))
const restored = restoreTensors(prefix, all)
const seed = placeholder(graph, 'seed', 'int32')

const session = await openGraphSession({ after }, graph, {
  start: { inputs: {}, outputs: done(...start) },
  count: {
    inputs: {},
    outputs: { before: counter.value, now: read(counter, { controlInputs: [counted] }) },
  },
  adam: { inputs: {}, outputs: done(adam, ...powers) },
  read: { inputs: {}, outputs: { weight: weight.value, counter: counter.value } },
  shrink: { inputs: {}, outputs: done(assignSub(weight, weight.value)) },
  save: { inputs: { prefix }, outputs: done(save) },
  restore: {
    inputs: { prefix },
    outputs: done(...all.map((target, i) => assign(target, restored[i]!))),
  },
  random: {
    inputs: { seed },
    outputs: {
      uniform: randomUniform(graph, [4], { seed, index: 1 }),
      other: randomUniform(graph, [4], { seed, index: 2 }),
      normal: randomTruncatedNormal(graph, [1000], { seed, index: 1 }),
    },
  },
})

test('a read after an assignment returns the assigned value', () => {
  session.run('start')
  assert.equal(session.run('count').number('now'), 1)
  assert.equal(session.run('count').number('now'), 2)
})

test('applyAdam follows the formula of Adam', () => {
  session.run('start')
  const [m, v, w] = [
    [0, 0],
    [0, 0],
    [1, -2],
  ]
  for (let t = 1; t <= 5; t++) {
    session.run('adam')
    for (const i of [0, 1]) {
      const g = 2 * w[i]!
      m[i] = 0.9 * m[i]! + 0.1 * g
      v[i] = 0.999 * v[i]! + 0.001 * g * g
      const rate = (0.1 * Math.sqrt(1 - 0.999 ** t)) / (1 - 0.9 ** t)
      w[i] = w[i]! - (rate * m[i]!) / (Math.sqrt(v[i]!) + 1e-7)
    }
    const seen = session.run('read').floats('weight')
    assert.ok(
      seen.every((value, i) => Math.abs(value - w[i]!) < 1e-5),
      `${seen} is not ${w}`,
    )
  }
})

test('a checkpoint restores every variable exactly', async t => {
  const path = `${await tempFolder(t)}/model.ckpt-3`
  session.run('start')
  for (let i = 0; i < 3; i++) session.run('adam')
  session.run('count')
  session.run('save', { prefix: path })
  const continueTraining = () => {
    for (let i = 0; i < 3; i++) session.run('adam')
    return session.run('read').floats('weight')
  }
  const uninterrupted = continueTraining()
  session.run('shrink')
  session.run('restore', { prefix: path })
  assert.equal(session.run('read').number('counter'), 1)
  assert.deepEqual(continueTraining(), uninterrupted)
})

test('random numbers depend only on their key', () => {
  const first = session.run('random', { seed: 3 })
  assert.deepEqual(session.run('random', { seed: 3 }).floats('uniform'), first.floats('uniform'))
  assert.notDeepEqual(session.run('random', { seed: 4 }).floats('uniform'), first.floats('uniform'))
  assert.notDeepEqual(first.floats('other'), first.floats('uniform'))
  assert.ok(first.floats('uniform').every(value => value >= 0 && value < 1))
  const normal = first.floats('normal')
  const deviation = Math.sqrt(normal.reduce((sum, value) => sum + value * value, 0) / 1000)
  assert.ok(Math.abs(deviation - 0.8796) < 0.06, `deviation ${deviation}`)
})

test('an assignment of another shape is rejected with both shapes', () => {
  const other = new Graph()
  const target = variable(other, 'w', [2])
  assert.throws(() => assign(target, constant(other, [1, 2, 3])), /w is float32 \[2\].*\[3\]/)
  assert.throws(() => variable(other, 'w', [2]), /variable w: there is a node of that name/)
})

test("ops have the outputs and attributes of TensorFlow's definitions", () =>
  assertOpsMatchTensorFlow(graph))
