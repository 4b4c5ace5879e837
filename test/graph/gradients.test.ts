import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { after, test } from 'node:test'
import { loadNativeOps } from '../../src/engine/native-ops.js'
import { gradients } from '../../src/graph/autodiff.js'
import { Graph, type Op, type Tensor } from '../../src/graph/graph.js'
import { elu, relu } from '../../src/graph/ops/activation.js'
import {
  broadcastLike,
  concat,
  expandDims,
  pad,
  reshape,
  slice,
  stackTensors,
  transpose,
} from '../../src/graph/ops/array.js'
import { batchNormInference, batchNormTraining } from '../../src/graph/ops/batch-norm.js'
import { compareWith, select } from '../../src/graph/ops/compare.js'
import { constant, placeholder } from '../../src/graph/ops/constant.js'
import { identity, stopGradient } from '../../src/graph/ops/control.js'
import { conv2d } from '../../src/graph/ops/conv.js'
import { convShapeName } from '../../src/graph/ops/conv-kernels.js'
import { convolution } from '../../src/graph/ops/convolution.js'
import { dropout } from '../../src/graph/ops/dropout.js'
import { gather } from '../../src/graph/ops/gather.js'
import * as math from '../../src/graph/ops/math.js'
import { biasAdd, matMul } from '../../src/graph/ops/matmul.js'
import { nativeNormalize } from '../../src/graph/ops/native-batch-norm.js'
import { avgPool, maxPool } from '../../src/graph/ops/pool.js'
import { reduceMax, reduceMean, reduceSum } from '../../src/graph/ops/reduce.js'
import {
  logSoftmax,
  softmax,
  softmaxCrossEntropy,
  sparseSoftmaxCrossEntropy,
} from '../../src/graph/ops/softmax.js'
import { type Shape, sizeOf } from '../../src/graph/shape.js'
import { signedUniforms } from './random.js'
import { openGraphSession } from './tensorflow.js'
import { assertOpsMatchTensorFlow } from './tensorflow-agrees.js'

interface Check {
  name: string
  build: (...inputs: Tensor[]) => Tensor
  shapes: readonly Shape[]
  /** Range of the inputs. `apart` keeps them further apart than the step, for ops with kinks. */
  values: 'around zero' | 'positive' | 'apart'
}

const checks: Check[] = []

function checkGradients(
  name: string,
  build: Check['build'],
  shapes: readonly Shape[],
  values: Check['values'] = 'around zero',
): void {
  checks.push({ name, build, shapes, values })
}

const { add, sub, mul, div } = math

/** Loaded before the graph that has them; without a compiler there are none. */
const isCompiled = loadNativeOps()

checkGradients('add', (x, y) => add(x, y), [[2, 3], [3]])
checkGradients('sub', (x, y) => sub(x, y), [[3], [2, 3]])
checkGradients('mul', (x, y) => mul(x, y), [[2, 3], []])
checkGradients(
  'div',
  (x, y) => div(x, y),
  [
    [2, 1, 3],
    [4, 1],
  ],
  'positive',
)
checkGradients(
  'maximum',
  (x, y) => math.maximum(x, y),
  [
    [3, 4],
    [1, 4],
  ],
  'apart',
)
checkGradients(
  'minimum',
  (x, y) => math.minimum(x, y),
  [
    [3, 4],
    [1, 4],
  ],
  'apart',
)
checkGradients('neg', x => math.neg(x), [[5]])
checkGradients('square', x => math.square(x), [[5]])
checkGradients('sqrt', x => math.sqrt(x), [[5]], 'positive')
checkGradients('exp', x => math.exp(x), [[5]])
checkGradients('log', x => math.log(x), [[5]], 'positive')
checkGradients('tanh', x => math.tanh(x), [[5]])
checkGradients('sigmoid', x => math.sigmoid(x), [[5]])
checkGradients('cos', x => math.cos(x), [[5]])
checkGradients('sin', x => math.sin(x), [[5]])
checkGradients('addN', (x, y) => math.addN([x, y, x]), [
  [2, 2],
  [2, 2],
])
checkGradients('l2Loss', x => math.l2Loss(x), [[2, 3]])
checkGradients('relu', x => relu(x), [[4, 5]], 'apart')
checkGradients('elu', x => elu(x), [[4, 5]])
checkGradients('identity', x => identity(x), [[3]])
checkGradients('select', (x, y) => select(compareWith('Greater', x, y), x, y), [[9], [9]], 'apart')

for (const transposeA of [false, true]) {
  for (const transposeB of [false, true]) {
    checkGradients(
      `matMul, transposed: ${transposeA}, ${transposeB}`,
      (a, b) => matMul(a, b, { transposeA, transposeB }),
      [transposeA ? [3, 2] : [2, 3], transposeB ? [4, 3] : [3, 4]],
    )
  }
}
checkGradients('biasAdd', (x, bias) => biasAdd(x, bias), [[2, 3, 3, 4], [4]])

for (const padding of ['SAME', 'VALID', { top: 1, bottom: 0, left: 2, right: 1 }] as const) {
  for (const stride of [1, 2]) {
    checkGradients(
      `conv2d, padding ${JSON.stringify(padding)}, stride ${stride}`,
      (x, filter) => conv2d(x, filter, { stride, padding }),
      [
        [2, 6, 5, 3],
        [3, 3, 3, 4],
      ],
    )
  }
}
const allKernels = ['convolution', 'product'] as const
for (const [padding, stride, side, size] of [
  ['SAME', 1, 2, 3],
  ['SAME', 1, 3, 3],
  ['SAME', 1, 4, 5],
  ['SAME', 2, 3, 3],
  ['SAME', 2, 4, 3],
  ['VALID', 1, 4, 3],
  ['VALID', 1, 3, 3],
  ['VALID', 2, 5, 3],
  [{ top: 1, bottom: 1, left: 1, right: 1 }, 2, 4, 3],
  [{ top: 1, bottom: 0, left: 0, right: 1 }, 2, 3, 3],
  ['SAME', 1, 3, 1],
  ['SAME', 2, 2, 1],
] as const) {
  for (const kernel of allKernels) {
    const shape = {
      dtype: 'float32',
      x: [2, side, side, 3],
      filter: [size, size, 3, 4],
      stride,
      padding,
    } as const
    const canTurn = stride === 1 && (padding === 'SAME' || size === side)
    const inputGradient = canTurn || size === 1 ? kernel : 'convolution'
    checkGradients(
      `convolution as ${kernel}: ${convShapeName(shape)}`,
      (x, filter) =>
        convolution(
          x,
          filter,
          { stride, padding },
          { forward: kernel, inputGradient, filterGradient: kernel },
        ),
      [shape.x, shape.filter],
    )
  }
}
checkGradients(
  'maxPool',
  x => maxPool(x, 3, { stride: 2, padding: 'SAME' }),
  [[2, 5, 5, 2]],
  'apart',
)
checkGradients('avgPool', x => avgPool(x, 2, { stride: 1 }), [[2, 4, 4, 2]])
checkGradients(
  'batchNormTraining',
  (x, scale, offset) => batchNormTraining(x, scale, offset, 1e-3).output,
  [[4, 3, 3, 2], [2], [2]],
)
if (isCompiled) {
  checkGradients(
    'nativeNormalize',
    (x, scale, offset) => nativeNormalize(x, scale, offset, { epsilon: 1e-3 }).output,
    [[4, 3, 3, 2], [2], [2]],
  )
  checkGradients(
    'nativeNormalize of a sum that is read too',
    (x, scale, offset, before) => {
      const { output, sum } = nativeNormalize(x, scale, offset, {
        epsilon: 1e-3,
        activation: 'elu',
        before,
      })
      return add(output, sum)
    },
    [[4, 3, 3, 2], [2], [2], [4, 3, 3, 2]],
  )
  checkGradients(
    'nativeNormalize with a sum after it',
    (x, scale, offset, after) =>
      nativeNormalize(x, scale, offset, { epsilon: 1e-3, activation: 'elu', after }).output,
    [[4, 3, 3, 2], [2], [2], [4, 3, 3, 2]],
  )
}
checkGradients(
  'batchNormInference',
  (x, scale, offset) => {
    const [mean, variance] = [
      [0.2, -0.4],
      [0.5, 2],
    ].map(v => constant(x.node.graph, v))
    return batchNormInference(x, scale, offset, mean!, variance!, 1e-3)
  },
  [[4, 3, 3, 2], [2], [2]],
)

checkGradients('dropout', x => dropout(x, 0.4, { seed: 3, index: 4 }), [[4, 5]])

checkGradients('softmax', x => softmax(x), [[3, 4]])
checkGradients('logSoftmax', x => logSoftmax(x), [[3, 4]])
checkGradients(
  'softmaxCrossEntropy',
  x => softmaxCrossEntropy(x, constant(x.node.graph, [0.5, 0.5, 0, 0, 1, 0], { shape: [2, 3] })),
  [[2, 3]],
)
checkGradients(
  'sparseSoftmaxCrossEntropy',
  x => sparseSoftmaxCrossEntropy(x, constant(x.node.graph, [2, 0], { dtype: 'int32' })),
  [[2, 3]],
)

checkGradients('reduceSum', x => reduceSum(x, [0, 2]), [[2, 3, 4]])
checkGradients('reduceMean', x => reduceMean(x, [1, -1], { keepDims: true }), [[2, 3, 4]])
checkGradients('reduceMax', x => reduceMax(x, [1]), [[3, 5]], 'apart')
checkGradients('reshape', x => reshape(x, [3, -1]), [[2, 6]])
checkGradients('expandDims', x => expandDims(x, -1), [[2, 3]])
checkGradients('transpose', x => transpose(x, [2, 0, 1]), [[2, 3, 4]])
checkGradients('pad', x => pad(x, [1, 0], [0, 2]), [[2, 3]])
checkGradients('slice', x => slice(x, [1, 0], [2, 2]), [[4, 3]])
checkGradients('concat', (x, y) => concat([x, y], -1), [
  [2, 3],
  [2, 1],
])
checkGradients('stackTensors', (x, y) => stackTensors([x, y]), [
  [2, 3],
  [2, 3],
])
checkGradients('broadcastLike', (x, y) => mul(broadcastLike(x, y), y), [
  [3, 1],
  [2, 3, 4],
])
checkGradients('gather', x => gather(x, constant(x.node.graph, [2, 0, 2], { dtype: 'int32' })), [
  [3, 4],
])
checkGradients('cast', x => math.cast(math.cast(x, 'bfloat16'), 'float32'), [[1]])
checkGradients('stopGradient', x => add(x, stopGradient(mul(x, 0))), [[3]])
checkGradients(
  'an expression that broadcasts and uses inputs twice',
  (x, y, z) => reduceMean(mul(add(x, y), div(sub(x, z), add(math.square(y), 1)))),
  [[2, 3, 4], [4], [3, 1]],
)

const step = 1e-2

/** Rounding to bfloat16 turns the identity into a staircase, so `cast` needs a large step. */
const stepOf = (check: Check) => (check.name === 'cast' ? 0.5 : step)

const graph = new Graph()
const built = checks.map(({ name, build, shapes }, i) => {
  const signature = `check_${i}`
  return graph.nameScope(signature, () => {
    const inputs = shapes.map((shape, j) => placeholder(graph, `x${j}`, 'float32', shape))
    const y = build(...inputs)
    const random = signedUniforms(i)
    const weights = Array.from({ length: sizeOf(y.shape) }, random)
    const loss = reduceSum(mul(y, constant(graph, weights, { shape: y.shape })))
    const named = (prefix: string, tensors: readonly Tensor[]) =>
      Object.fromEntries(tensors.map((tensor, j) => [`${prefix}${j}`, tensor]))
    return {
      name,
      signature,
      weights,
      ports: {
        inputs: named('x', inputs),
        outputs: { y, ...named('dx', gradients(loss, inputs)) },
      },
    }
  })
})

const session = await openGraphSession(
  { after },
  graph,
  Object.fromEntries(built.map(each => [each.signature, each.ports])),
)

for (const [i, check] of checks.entries()) {
  test(`${check.name} agrees with central differences`, () => {
    const { signature, weights } = built[i]!
    const random = signedUniforms(100 + i)
    const inputs = sampleInputs(check.shapes.map(sizeOf), check.values, random)
    const direction = inputs.map(values => values.map(() => random()))
    const at = (distance: number) =>
      session.run(
        signature,
        Object.fromEntries(
          inputs.map((values, j) => [
            `x${j}`,
            {
              data: values.map((v, k) => v + distance * direction[j]![k]!),
              shape: check.shapes[j]!,
            },
          ]),
        ),
      )

    const here = at(0)
    const analytic = direction.reduce((sum, d, j) => sum + dot(here.floats(`dx${j}`), d), 0)
    const h = stepOf(check)
    const [forward, backward] = [at(h).floats('y'), at(-h).floats('y')]
    const numeric = (dot(forward, weights) - dot(backward, weights)) / (2 * h)
    const allowed = 5e-3 * Math.max(0.1, Math.abs(analytic), Math.abs(numeric))
    assert.ok(
      Math.abs(analytic - numeric) < allowed,
      `by the gradient ${analytic}, by differences ${numeric}`,
    )
  })
}

test('every op with a gradient has a gradient check, and every op is exported', async () => {
  const folder = new URL('../../src/graph/ops/', import.meta.url)
  const checked = new Set(graph.nodes.map(node => node.op.type))
  if (!isCompiled) checked.add('TrainyardBatchNorm')
  const unchecked: string[] = []
  for (const file of readdirSync(folder).filter(name => name.endsWith('.js'))) {
    const text = readFileSync(new URL(file, folder), 'utf8')
    assert.doesNotMatch(text, /^const [A-Z]\w+ = /m, `${file}: export its ops`)
    const ops = Object.values(await import(new URL(file, folder).href)).filter(isOp)
    unchecked.push(...ops.filter(op => op.gradient && !checked.has(op.type)).map(op => op.type))
  }
  assert.deepEqual(unchecked, [])
})

const isOp = (value: unknown): value is Op =>
  typeof value === 'object' && value !== null && 'type' in value && 'gradient' in value

const dot = (a: ArrayLike<number>, b: readonly number[]) =>
  b.reduce((sum, value, i) => sum + value * a[i]!, 0)

/** Samples all inputs at once, so that `apart` also holds between inputs. */
function sampleInputs(sizes: readonly number[], values: Check['values'], random: () => number) {
  const total = sizes.reduce((sum, size) => sum + size, 0)
  const all = sample(total, values, random)
  return sizes.map(size => all.splice(0, size))
}

function sample(count: number, values: Check['values'], random: () => number): number[] {
  if (values === 'positive') return Array.from({ length: count }, () => 1.25 + random() * 0.75)
  if (values === 'around zero') return Array.from({ length: count }, random)
  // odd multiples of 0.1, shuffled: never zero, and at least 0.2 apart
  const spread = Array.from({ length: count }, (_, i) => (2 * i - count + (count % 2 ? 2 : 1)) / 10)
  return spread
    .map(value => ({ value, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ value }) => value)
}

test("ops have the outputs and attributes of TensorFlow's definitions", () =>
  assertOpsMatchTensorFlow(graph))
