import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { Graph } from '../../src/graph/graph.js'
import { concat } from '../../src/graph/ops/array.js'
import { compareWith } from '../../src/graph/ops/compare.js'
import { placeholder, scalar } from '../../src/graph/ops/constant.js'
import { identity } from '../../src/graph/ops/control.js'
import { add } from '../../src/graph/ops/math.js'
import { writeSavedModel } from '../../src/graph/saved-model.js'
import { openSession } from '../../src/graph/session.js'
import { tempFolder } from '../../testing/temp-folder.js'
import { openGraphSession, tensorflow } from './tensorflow.js'

const graph = new Graph()
const rows = placeholder(graph, 'rows', 'float32', [-1, 2])
const count = placeholder(graph, 'count', 'int32')
const texts = placeholder(graph, 'texts', 'string', [-1])
const text = placeholder(graph, 'text', 'string')
const flag = placeholder(graph, 'flag', 'bool')

const session = await openGraphSession({ after }, graph, {
  rows: { inputs: { rows }, outputs: { rows: add(rows, 1) } },
  count: { inputs: { count }, outputs: { next: add(count, 1) } },
  texts: { inputs: { texts }, outputs: { twice: concat([texts, texts], 0) } },
  text: { inputs: { text }, outputs: { same: identity(text) } },
  flag: { inputs: { flag }, outputs: { same: identity(flag) } },
  compare: {
    inputs: { count },
    outputs: { large: compareWith('Greater', count, scalar(graph, 3, 'int32')) },
  },
  nothing: { inputs: {}, outputs: { one: scalar(graph, 1) } },
})

test('a session feeds and fetches numbers, text, raw bytes and booleans', () => {
  const fetched = session.run('rows', { rows: { data: [1, 2, 3, 4], shape: [2, 2] } }).get('rows')
  assert.deepEqual(fetched, {
    dtype: 'float32',
    shape: [2, 2],
    data: Float32Array.of(2, 3, 4, 5),
  })
  assert.equal(session.run('count', { count: 41 }).number('next'), 42)
  const twice = session.run('texts', { texts: { data: ['a', 'ü'], shape: [2] } })
  assert.deepEqual(twice.strings('twice'), ['a', 'ü', 'a', 'ü'])
  const bytes = Uint8Array.of(0, 255, 128, 10)
  const [same] = session.run('text', { text: bytes }).get('same').data
  assert.deepEqual(new Uint8Array(same as Uint8Array), bytes)
  assert.equal(session.run('flag', { flag: true }).number('same'), 1)
  assert.equal(session.run('compare', { count: 4 }).number('large'), 1)
  assert.equal(session.run('nothing').number('one'), 1)
})

test('an invalid feed is rejected before the native call, with its name', () => {
  const wrong: [() => unknown, RegExp][] = [
    [() => session.run('no'), /no signature no; there are rows, count/],
    [() => session.run('rows'), /rows: input rows is missing/],
    [() => session.run('count', { count: 1, more: 2 }), /count has no input more; it has count/],
    [
      () => session.run('rows', { rows: { data: [1, 2, 3], shape: [1, 3] } }),
      /input rows has shape \[1, 3\], the graph expects \[\?, 2\]/,
    ],
    [
      () => session.run('rows', { rows: { data: [1, 2, 3], shape: [2, 2] } }),
      /3 values do not fill shape \[2, 2\]/,
    ],
    [() => session.run('count', { count: 1.5 }), /input count is int32, it cannot take 1.5/],
    [() => session.run('count', { count: 'x' }), /input count is int32, it cannot take a string/],
    [() => session.run('text', { text: 5 }), /input text is string, it cannot take a number/],
    [() => session.run('count', { count: 1 }).number('no'), /count has no output no; it has next/],
    [() => session.run('count', { count: 1 }).floats('next'), /next is int32, not Float32Array/],
  ]
  for (const [act, message] of wrong) assert.throws(act, { name: 'SessionError', message })
})

test('a run disposes of its tensors', () => {
  const runtime = tensorflow()
  const before = runtime.memory().numTensors
  for (let i = 0; i < 10; i++) session.run('rows', { rows: { data: [1, 2], shape: [1, 2] } })
  assert.equal(runtime.memory().numTensors, before)
})

test('a closed session rejects runs', async t => {
  const folder = await tempFolder(t)
  const other = new Graph()
  await writeSavedModel(folder, other, {
    signatures: { one: { inputs: {}, outputs: { one: scalar(other, 1) } } },
  })
  const opened = await openSession(tensorflow(), folder)
  assert.equal(opened.run('one').number('one'), 1)
  opened.close()
  opened.close()
  assert.throws(() => opened.run('one'), /the session on .* is closed/)
})
