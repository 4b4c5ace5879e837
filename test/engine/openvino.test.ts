import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { readOpenVino } from '../../src/engine/openvino.js'
import { Graph } from '../../src/graph/graph.js'
import { constant, placeholder } from '../../src/graph/ops/constant.js'
import { matMul } from '../../src/graph/ops/matmul.js'
import { writeSavedModel } from '../../src/graph/saved-model.js'

let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trainyard-openvino-'))
  const graph = new Graph()
  const x = placeholder(graph, 'x', 'float32', [-1, 2])
  const matrix = constant(graph, [1, 2, 3, 4], { shape: [2, 2] })
  const serving_default = { inputs: { x }, outputs: { product: matMul(x, matrix) } }
  await writeSavedModel(join(folder, 'matrix'), graph, { signatures: { serving_default } })
})
after(() => rm(folder, { recursive: true, force: true }))

const options = { threads: 1, precision: 'f32', outputs: ['product'] } as const

const compile = () => {
  using network = readOpenVino(join(folder, 'matrix'))
  return network.compile(options)
}

test('a model runs batches of any size, also those that V8 may move', async () => {
  const model = compile()
  try {
    const one = await model.run(Float32Array.of(1, 0), [1, 2])
    assert.deepEqual(one, { product: Float32Array.of(1, 2) })
    const n = 50
    const many = await model.run(new Float32Array(2 * n).fill(2), [n, 2])
    assert.deepEqual(
      many.product,
      Float32Array.from({ length: 2 * n }, (_, i) => (i % 2 ? 12 : 8)),
    )
    const two = await model.run(Float32Array.of(0, 1, 1, 1), [2, 2])
    assert.deepEqual(two.product, Float32Array.of(3, 4, 4, 6))
  } finally {
    model.close()
  }
})

test('runs that are called together answer in order, and a closed model ends them first', async () => {
  const model = compile()
  const runs = Array.from({ length: 20 }, (_, i) => model.run(Float32Array.of(i, 0), [1, 2]))
  model.close()
  for (const [i, run] of runs.entries()) {
    assert.deepEqual((await run).product, Float32Array.of(i, 2 * i))
  }
  await assert.rejects(model.run(Float32Array.of(1, 1), [1, 2]), /the model is closed/)
})

test('two models that are compiled from a network share nothing that one could free', async () => {
  const network = readOpenVino(join(folder, 'matrix'))
  const first = network.compile(options)
  const second = network.compile({ ...options, threads: 2, streams: 2 })
  network[Symbol.dispose]()
  const product = Float32Array.of(1, 2)
  assert.deepEqual(await first.run(Float32Array.of(1, 0), [1, 2]), { product })
  first.close()
  assert.deepEqual(await second.run(Float32Array.of(1, 0), [1, 2]), { product })
  second.close()
})

test('errors have the message of OpenVINO, and the model works on', async () => {
  const model = compile()
  try {
    await assert.rejects(model.run(new Float32Array(6), [2, 3]), {
      name: 'OpenVinoError',
      message: /^OpenVINO \(ov_infer_request_set_input_tensor\): .*shape/,
    })
    await assert.rejects(model.run(new Float32Array(5), [2, 2]), /5 values do not fill .*\[2, 2\]/)
    const { product } = await model.run(Float32Array.of(1, 1), [1, 2])
    assert.deepEqual(product, Float32Array.of(4, 6))
  } finally {
    model.close()
  }
})

test('a folder that is no SavedModel is refused', async () => {
  for (const name of ['absent', 'empty']) {
    assert.throws(() => readOpenVino(join(folder, name)), /ov_core_read_model\): \S/)
  }
  await writeFile(join(folder, 'saved_model.pb'), 'no message of protobuf')
  assert.throws(() => readOpenVino(folder), { name: 'OpenVinoError' })
})

test('thousands of runs, failed runs and loads leave no memory behind', async () => {
  const rows = 2000
  const input = new Float32Array(2 * rows)
  const wrong = new Float32Array(6)
  const rounds = async (count: number) => {
    const model = compile()
    for (let i = 0; i < count; i++) {
      await model.run(input, [rows, 2])
      await assert.rejects(model.run(wrong, [2, 3]))
    }
    model.close()
  }
  const cycle = async () => {
    await rounds(1000)
    for (let i = 0; i < 20; i++) await rounds(1)
    global.gc?.()
    return process.memoryUsage.rss()
  }
  for (let i = 0; i < 2; i++) await cycle()
  const before = await cycle()
  for (let i = 0; i < 3; i++) await cycle()
  const grown = (await cycle()) - before
  // a leak of one result of a run is 16 KiB: 64 MiB in 4,000 runs
  assert.ok(grown < 24 * 2 ** 20, `memory grew by ${grown} bytes`)
})
