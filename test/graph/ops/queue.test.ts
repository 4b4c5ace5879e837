import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { effectOutputs } from '../../../src/graph/effect-outputs.js'
import { defineFunction } from '../../../src/graph/function.js'
import { Graph } from '../../../src/graph/graph.js'
import { constant, placeholder } from '../../../src/graph/ops/constant.js'
import * as data from '../../../src/graph/ops/dataset.js'
import { gather } from '../../../src/graph/ops/gather.js'
import { iterator, next, startIterator } from '../../../src/graph/ops/iterator.js'
import { closeQueue, dequeue, enqueue, queue } from '../../../src/graph/ops/queue.js'
import { openGraphSession } from '../tensorflow.js'
import { assertOpsMatchTensorFlow } from '../tensorflow-agrees.js'

const element: readonly data.Component[] = [{ dtype: 'int32', shape: [-1] }]
const graph = new Graph()
const waiting = data.map(
  data.range(graph, Number.MAX_SAFE_INTEGER),
  'take',
  position => dequeue(queue(position!.node.graph, 'numbers', element), element),
  { parallelCalls: 1 },
)
const tens = defineFunction(graph, 'tens', [{ dtype: 'int32', shape: [] }], number => [
  gather(constant(number!.node.graph, [0, 10, 20, 30], { dtype: 'int32' }), number!),
])
const chunks = data.flatMap(waiting, 'chunk', numbers =>
  data.batch(data.withoutErrors(data.mapBy(data.slices([numbers!]), tens)), 8, {
    dropRemainder: false,
  }),
)
const position = iterator(graph, 'position', chunks.element)
const numbers = placeholder(graph, 'numbers', 'int32', [-1])
const waitingNumbers = queue(graph, 'numbers', element)

const session = await openGraphSession({ after }, graph, {
  start: {
    inputs: {},
    outputs: effectOutputs(graph, 'started', [startIterator(position, chunks)]),
  },
  add: {
    inputs: { numbers },
    outputs: effectOutputs(graph, 'added', [enqueue(waitingNumbers, [numbers])]),
  },
  next: { inputs: {}, outputs: { values: next(position)[0]! } },
  close: { inputs: {}, outputs: effectOutputs(graph, 'closed', [closeQueue(waitingNumbers)]) },
})

const add = (...values: number[]) =>
  session.run('add', { numbers: { data: values, shape: [values.length] } })
const take = () => [...session.run('next').ints('values')]

test('a pipeline takes what is fed to a queue while it runs, in order, without elements that fail', () => {
  session.run('start')
  add(1, 2, 3)
  add(3, 9, 2, -1, 0)
  assert.deepEqual(take(), [10, 20, 30])
  add(0)
  assert.deepEqual(take(), [30, 20, 0])
  assert.deepEqual(take(), [0])
})

// also so that nothing waits when the session ends: TensorFlow would crash
test('a pipeline ends with an error when its queue is closed', () => {
  session.run('close')
  assert.throws(take)
})

test("ops have the outputs and attributes of TensorFlow's definitions", () =>
  assertOpsMatchTensorFlow(graph))
