// Our own batch norm agrees with the stock ops that take its place, forward and backward, and computes the same bytes
// with any number of threads and on any processor.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { loadNativeOps } from '../../../src/engine/native-ops.js'
import type { DType } from '../../../src/graph/dtype.js'
import { Graph } from '../../../src/graph/graph.js'
import { placeholder } from '../../../src/graph/ops/constant.js'
import { nativeNormalize } from '../../../src/graph/ops/native-batch-norm.js'
import type { Shape } from '../../../src/graph/shape.js'
import { SessionError } from '../../../src/graph/values.js'
import { openGraphSession } from '../tensorflow.js'
import { openNormalized, places } from './normalized.js'

const skip = loadNativeOps() ? false : 'set-up could not compile the ops'

const distance = (a: Float32Array, b: Float32Array) =>
  Math.sqrt(a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0))
const norm = (a: Float32Array) => distance(a, new Float32Array(a.length))

/** The largest relative distance. bfloat16 has eight binary digits; the stock ops round to them more often. */
const tolerance: Partial<Record<DType, number>> = { float32: 1e-5, bfloat16: 4e-2 }

const shapes: Shape[] = [
  [1, 1, 1, 1],
  [2, 1, 1, 5],
  [3, 5, 7, 10],
  [8, 16, 16, 64],
  [32, 2, 2, 520],
  [16, 33, 31, 3],
]

for (const dtype of ['float32', 'bfloat16'] as const) {
  for (const activation of [null, 'relu', 'elu'] as const) {
    for (const place of places) {
      test(`${dtype}, ${activation ?? 'no activation'}, added ${place}`, { skip }, async () => {
        for (const shape of shapes) {
          const { session, feeds, names } = await openNormalized(
            { after },
            { dtype, shape, activation, place },
          )
          const [native, stock] = [session.run('native', feeds), session.run('stock', feeds)]
          for (const name of names) {
            const [found, expected] = [native.floats(name), stock.floats(name)]
            const error =
              distance(found, expected) / Math.max(norm(expected), 0.1 * Math.sqrt(found.length))
            assert.ok(
              error < tolerance[dtype]!,
              `${name} of [${shape}] differs by ${error}: ${found.slice(0, 5)} and ${expected.slice(0, 5)}`,
            )
          }
        }
      })
    }
  }
}
test('1, 2 and 4 threads, AVX2 and AVX-512, with and without bfloat16 instructions, give the same bytes', {
  skip,
}, async () => {
  const script = fileURLToPath(new URL('native-bytes.js', import.meta.url))
  const hashOf = async (env: Record<string, string>) => {
    const options = { env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '2', ...env } }
    return (await promisify(execFile)(process.execPath, [script], options)).stdout
  }
  const expected = await hashOf({ TF_NUM_INTRAOP_THREADS: '1' })
  assert.match(expected, /^[0-9a-f]{64}$/m)
  for (const env of [
    { TF_NUM_INTRAOP_THREADS: '2' },
    { TF_NUM_INTRAOP_THREADS: '4' },
    { ONEDNN_MAX_CPU_ISA: 'AVX512_CORE' },
    { ONEDNN_MAX_CPU_ISA: 'AVX2' },
    { ONEDNN_MAX_CPU_ISA: 'SSE41' },
  ] as Record<string, string>[]) {
    assert.equal(await hashOf(env), expected, JSON.stringify(env))
  }
})

test('a batch without values is refused, with its shape', { skip }, async () => {
  const graph = new Graph()
  const x = placeholder(graph, 'x', 'float32', [-1, 2, 2, 3])
  const [scale, offset] = ['scale', 'offset'].map(name => placeholder(graph, name, 'float32', [3]))
  const { output } = nativeNormalize(x, scale!, offset!, { epsilon: 1e-3 })
  const session = await openGraphSession({ after }, graph, {
    run: { inputs: { x, scale: scale!, offset: offset! }, outputs: { output } },
  })
  const ones = { data: [1, 1, 1], shape: [3] }
  assert.throws(
    () => session.run('run', { x: { data: [], shape: [0, 2, 2, 3] }, scale: ones, offset: ones }),
    (error: Error) =>
      error instanceof SessionError && /x has the shape \[0, 2, 2, 3\]/.test(error.message),
  )
})
