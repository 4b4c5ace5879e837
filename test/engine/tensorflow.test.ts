import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { after, test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { loadTensorFlow } from '../../src/engine/tensorflow.js'
import { type Type, writeSquareModel } from './saved-model.js'

const folder = mkdtempSync(join(tmpdir(), 'trainyard-engine-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const tf = loadTensorFlow()
const backend = tf.backend()

function open(type: Type) {
  writeSquareModel(join(folder, type), type)
  const session = backend.loadSavedModelMetaGraph(join(folder, type), 'serve')
  return {
    square(values: Float32Array | Int32Array, shape: number[]) {
      const input = tf.tensor(values, shape, values instanceof Int32Array ? 'int32' : 'float32')
      try {
        return backend.runSavedModel(session, [input], [{ name: 'x:0' }], ['product:0'])
      } finally {
        input.dispose()
      }
    },
    close: () => backend.deleteSavedModel(session),
  }
}

test('libtensorflow runs a SavedModel', () => {
  const model = open('float')
  const [product] = model.square(Float32Array.of(1, 2, 3, 4), [2, 2])
  assert.deepEqual(product!.shape, [2, 2])
  assert.deepEqual(backend.readSync(product!.dataId), Float32Array.of(7, 10, 15, 22))
  product!.dispose()
  model.close()
})

test('loading TensorFlow twice returns the same object, which knows its version', () => {
  assert.equal(loadTensorFlow(), tf)
  assert.match(tf.version, /^2\.\d+\.\d+/)
})

test('TensorFlow.js is not loaded, only its binding', () => {
  const script = `process.env.TF_CPP_MIN_LOG_LEVEL = '2'
    const { loadTensorFlow } = await import('${new URL('../../src/engine/tensorflow.js', import.meta.url)}')
    loadTensorFlow()
    const { createRequire } = await import('node:module')
    console.log(JSON.stringify(Object.keys(createRequire(import.meta.url).cache)))`
  const args = ['--input-type=module', '-e', script]
  const loaded = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }))
  assert.deepEqual(
    loaded.map((path: string) => basename(path)),
    ['tfjs_binding.node'],
  )
})

/** Frees what JavaScript no longer references, which would look like a leak of the engine. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
}

for (const type of ['float', 'int32'] as const) {
  test(`a failed run does not leak memory: ${type} input`, () => {
    const model = open(type)
    // a fresh tensor each time, as each request brings its own
    const narrow = () => new (type === 'float' ? Float32Array : Int32Array)(250_000)
    const fail = () =>
      assert.throws(() => model.square(narrow(), [1000, 250]), /Matrix size-incompatible/)
    for (let i = 0; i < 200; i++) fail()
    collectGarbage()
    const before = process.memoryUsage().rss
    for (let i = 0; i < 800; i++) fail()
    collectGarbage()
    const grownMb = (process.memoryUsage().rss - before) / 1e6
    model.close()
    // without our patch each run leaks its input: 800 MB in all
    assert.ok(grownMb < 100, `grew by ${grownMb.toFixed(0)} MB in 800 failed runs`)
  })
}
