import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Graph } from '../../src/graph/graph.js'
import { constant, scalar } from '../../src/graph/ops/constant.js'
import { group, identity } from '../../src/graph/ops/control.js'
import { add } from '../../src/graph/ops/math.js'
import { savedModel } from '../../src/graph/saved-model.js'

test('node names have their scope as a prefix, and repeated names a number', () => {
  const graph = new Graph()
  const x = constant(graph, [1])
  const names = graph.nameScope('block', () => [add(x, x), add(x, x)].map(({ node }) => node.name))
  assert.deepEqual(names, ['block/AddV2', 'block/AddV2_1'])
  graph.nameScope('block', () =>
    graph.nameScope(null, () => assert.equal(identity(x).node.name, 'Identity')),
  )
  assert.equal(identity(x, { name: 'AddV2_1' }).node.name, 'AddV2_1')
  assert.equal(add(x, x).node.name, 'AddV2')
  assert.equal(add(x, x).node.name, 'AddV2_2', 'a requested name is not used again')
})

test('a scope ends if its body throws', () => {
  const graph = new Graph()
  assert.throws(() =>
    graph.nameScope('broken', () => {
      throw new Error('stop')
    }),
  )
  assert.equal(scalar(graph, 1).node.name, 'Const')
})

test('an invalid node name is rejected when the node is created', () => {
  const graph = new Graph()
  assert.throws(
    () => graph.nameScope('a b', () => scalar(graph, 1)),
    /a b\/Const cannot name a node/,
  )
})

test('an op rejects tensors of two graphs', () => {
  const [one, other] = [new Graph(), new Graph()]
  assert.throws(() => add(scalar(one, 1), scalar(other, 1)), /belongs to another graph/)
})

test('a SavedModel has only the nodes that its signatures need, including control inputs', () => {
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

test('a signature with types that the binding does not support is rejected on writing', () => {
  const graph = new Graph()
  const wide = scalar(graph, 1, 'int64')
  const write = (outputs: Record<string, typeof wide>) => () =>
    savedModel(graph, { signatures: { train: { inputs: {}, outputs } } })
  assert.throws(write({}), /signature train: it needs at least one output/)
  assert.throws(write({ wide }), /signature train: wide is int64; cast it to one of float32/)
})
