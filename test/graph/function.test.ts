import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defineFunction } from '../../src/graph/function.js'
import { Graph } from '../../src/graph/graph.js'
import { constant, scalar } from '../../src/graph/ops/constant.js'
import { cast, mul } from '../../src/graph/ops/math.js'
import { parseExample } from '../../src/graph/ops/parse.js'

test('in a function body, a tensor is named by node, output argument and index', () => {
  const graph = new Graph()
  const parse = defineFunction(
    graph,
    'parse',
    [
      { dtype: 'string', shape: [4] },
      { dtype: 'float32', shape: [] },
    ],
    (serialized, factor) => {
      const { a, b } = parseExample(serialized!, { a: { dtype: 'int64' }, b: { dtype: 'float32' } })
      return [mul(b, factor!), cast(a, 'int32')]
    },
  )
  assert.deepEqual(parse.outputs, [
    { dtype: 'float32', shape: [4] },
    { dtype: 'int32', shape: [4] },
  ])
  const definition = graph.functions.get('parse')!
  const inputsOf = (name: string) => definition.nodeDef.find(node => node.name === name)!.input
  assert.deepEqual(inputsOf('Mul'), ['ParseExampleV2:dense_values:1', 'arg_1'])
  assert.deepEqual(inputsOf('Cast'), ['ParseExampleV2:dense_values:0'])
  assert.deepEqual(definition.ret, { result_0: 'Mul:z:0', result_1: 'Cast:y:0' })
  assert.equal(graph.nodes.length, 0)
})

test('a body that uses a tensor of another graph is rejected', () => {
  const graph = new Graph()
  const outside = constant(graph, [1])
  assert.throws(
    () => defineFunction(graph, 'f', [], () => [outside]),
    /function f: Const comes from outside; hand it in as an argument/,
  )
  defineFunction(graph, 'g', [{ dtype: 'float32', shape: [] }], x => [x!])
  assert.throws(() => defineFunction(graph, 'g', [], () => []), /has one of that name already/)
  assert.equal(scalar(graph, 1).node.name, 'Const_1')
})
