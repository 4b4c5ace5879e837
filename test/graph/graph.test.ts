import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Graph } from '../../src/graph/graph.js'
import { constant, scalar } from '../../src/graph/ops/constant.js'
import { group, identity } from '../../src/graph/ops/control.js'
import { add } from '../../src/graph/ops/math.js'
import { savedModel } from '../../src/graph/saved-model.js'

test('names carry their scope, and the second of a kind a number', () => {
  const graph = new Graph()
  const x = constant(graph, [1])
  const names = graph.nameScope('block', () => [add(x, x), add(x, x)].map(({ node }) => node.name))
  assert.deepEqual(names, ['block/AddV2', 'block/AddV2_1'])
  graph.nameScope('block', () =>
    graph.nameScope(null, () => assert.equal(identity(x).node.name, 'Identity')),
  )
  assert.equal(identity(x, { name: 'AddV2_1' }).node.name, 'AddV2_1')
  assert.equal(add(x, x).node.name, 'AddV2')
  assert.equal(add(x, x).node.name, 'AddV2_2', 'a name that was asked for is never given twice')
})

test('a scope ends even when its body throws', () => {
  const graph = new Graph()
  assert.throws(() =>
    graph.nameScope('broken', () => {
      throw new Error('stop')
    }),
  )
  assert.equal(scalar(graph, 1).node.name, 'Const')
})

test('a name that TensorFlow would refuse is refused at once', () => {
  const graph = new Graph()
  assert.throws(
    () => graph.nameScope('a b', () => scalar(graph, 1)),
    /a b\/Const cannot name a node/,
  )
})

test('tensors of two graphs do not mix', () => {
  const [one, other] = [new Graph(), new Graph()]
  assert.throws(() => add(scalar(one, 1), scalar(other, 1)), /belongs to another graph/)
})

test('the file holds only what its signatures need, control inputs included', () => {
  const graph = new Graph()
  const effect = group(graph, [scalar(graph, 1, 'int32')], { name: 'effect' })
  const fetched = identity(constant(graph, [2]), { name: 'fetched', controlInputs: [effect] })
  add(fetched, 1)
  const signatures = { only: { inputs: {}, outputs: { fetched } } }
  const { graphDef, signatureDef } = savedModel(graph, { signatures }).metaGraphs[0]!
  assert.deepEqual(
    graphDef!.node.map(({ name, input }) => [name, ...input]),
    [['Const'], ['effect', '^Const'], ['Const_1'], ['fetched', 'Const_1:0', '^effect']],
  )
  assert.deepEqual(signatureDef.only!.outputs.fetched!.encoding, {
    case: 'name',
    value: 'fetched:0',
  })
})

test('a signature that the binding could not run is refused while writing', () => {
  const graph = new Graph()
  const wide = scalar(graph, 1, 'int64')
  const write = (outputs: Record<string, typeof wide>) => () =>
    savedModel(graph, { signatures: { train: { inputs: {}, outputs } } })
  assert.throws(write({}), /signature train: it needs at least one output/)
  assert.throws(write({ wide }), /signature train: wide is int64; cast it to one of float32/)
})
