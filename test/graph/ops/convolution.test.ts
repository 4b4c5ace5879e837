import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { gradients } from '../../../src/graph/autodiff.js'
import { Graph } from '../../../src/graph/graph.js'
import { constant } from '../../../src/graph/ops/constant.js'
import {
  type ConvKernels,
  type ConvShape,
  choosableParts,
  convParts,
  convShapeName,
  kernelsByRule,
} from '../../../src/graph/ops/conv-kernels.js'
import { convolution, inferenceConvolution } from '../../../src/graph/ops/convolution.js'
import { square } from '../../../src/graph/ops/math.js'
import { reduceSum } from '../../../src/graph/ops/reduce.js'
import { type Shape, sizeOf } from '../../../src/graph/shape.js'
import { assertClose } from '../../../testing/assert-close.js'
import { signedUniforms } from '../random.js'
import { openGraphSession } from '../tensorflow.js'

const every = (kernel: 'convolution' | 'product'): ConvKernels => ({
  forward: kernel,
  inputGradient: kernel,
  filterGradient: kernel,
})

const shape = (x: Shape, filter: Shape, rest: Partial<ConvShape> = {}): ConvShape => ({
  dtype: 'float32',
  x,
  filter,
  stride: 1,
  padding: 'SAME',
  ...rest,
})

const top = { top: 1, bottom: 0, left: 0, right: 1 }
const cases: ConvShape[] = [
  shape([2, 3, 3, 5], [3, 3, 5, 4]),
  shape([2, 6, 5, 5], [3, 5, 5, 4]),
  shape([2, 6, 4, 5], [1, 1, 5, 4]),
  shape([2, 6, 4, 5], [1, 1, 5, 4], { stride: 2 }),
  shape([2, 3, 5, 5], [1, 1, 5, 4], { stride: 2 }),
  shape([2, 3, 3, 5], [1, 1, 5, 4], { stride: 2, padding: top }),
  shape([2, 6, 4, 5], [3, 3, 5, 4], { stride: 2 }),
  shape([2, 6, 5, 5], [3, 3, 5, 4], { stride: 2, padding: top }),
  shape([2, 4, 4, 5], [4, 4, 5, 3], { padding: 'VALID' }),
]

const graph = new Graph()
const signatures = Object.fromEntries(
  cases.flatMap((each, i) =>
    (['convolution', 'product'] as const).map(kernel => {
      const random = signedUniforms(i)
      const values = (of: Shape) =>
        constant(graph, Array.from({ length: sizeOf(of) }, random), { shape: of })
      const [x, filter] = [values(each.x), values(each.filter)]
      const parts = convParts.filter(part => part !== 'inputGradient' || isTurnable(each))
      const kernels = {
        ...every('convolution'),
        ...Object.fromEntries(parts.map(part => [part, kernel])),
      }
      const y = convolution(x, filter, each, kernels)
      const [dx, dfilter] = gradients(reduceSum(square(y)), [x, filter])
      return [`${i} ${kernel}`, { inputs: {}, outputs: { y, dx: dx!, dfilter: dfilter! } }]
    }),
  ),
)
const session = await openGraphSession({ after }, graph, signatures)

/** Whether the images' gradient can be a product, too. */
function isTurnable({ x, filter, stride, padding }: ConvShape): boolean {
  if (padding === 'VALID') return true
  const isDivisible = x[1]! % stride === 0 && x[2]! % stride === 0
  return padding === 'SAME' && (stride === 1 || (filter[0] === 1 && isDivisible))
}

for (const [i, each] of cases.entries()) {
  test(`${convShapeName(each)}: the products are the convolutions`, () => {
    const [expected, actual] = ['convolution', 'product'].map(kernel =>
      session.run(`${i} ${kernel}`),
    )
    for (const name of ['y', 'dx', 'dfilter'])
      for (const [j, value] of expected!.floats(name).entries())
        assertClose(actual!.floats(name)[j]!, value, 1e-4, `${name}[${j}]`)
  })
}

test('a product is chosen by rule for single pixels, whole images and deep filters of few pixels', () => {
  const product = every('product')
  const byRule = (x: Shape, filter: Shape, rest?: Partial<ConvShape>) =>
    kernelsByRule(shape(x, filter, rest))
  assert.deepEqual(byRule([8, 16, 16, 64], [1, 1, 64, 32], { stride: 2 }), product)
  assert.deepEqual(byRule([-1, 7, 7, 64], [7, 7, 64, 32], { padding: 'VALID' }), product)
  // 3x3 on images of 3x3 is no whole image: it reads the zeros around it
  assert.deepEqual(byRule([64, 3, 3, 8], [3, 3, 8, 8]), every('convolution'))
  assert.deepEqual(byRule([-1, 16, 16, 64], [1, 1, 64, 32]), every('convolution'))
  const deep = { ...every('convolution'), filterGradient: 'product' }
  assert.deepEqual(byRule([8, 2, 2, 512], [3, 3, 512, 512]), deep)
  assert.deepEqual(byRule([32, 4, 4, 256], [3, 3, 256, 256], { dtype: 'bfloat16' }), deep)
  assert.deepEqual(byRule([32, 4, 4, 256], [3, 3, 256, 256]), every('convolution'))
})

test('only shapes for which both kernels make sense have a choice', () => {
  assert.deepEqual(choosableParts(shape([32, 4, 4, 256], [3, 3, 256, 256])), convParts)
  assert.deepEqual(choosableParts(shape([32, 16, 16, 64], [1, 1, 64, 64])), convParts)
  assert.deepEqual(choosableParts(shape([32, 8, 8, 256], [3, 3, 256, 256], { stride: 2 })), [
    'forward',
    'filterGradient',
  ])
  // patches of many pixels
  assert.deepEqual(choosableParts(shape([32, 64, 64, 64], [3, 3, 64, 64])), [])
  assert.deepEqual(choosableParts(shape([-1, 4, 4, 256], [3, 3, 256, 256])), [])
  assert.deepEqual(choosableParts(shape([32, 7, 7, 64], [7, 7, 64, 32], { padding: 'VALID' })), [])
})

test('what serves has no node that other tools may not know', () => {
  const served = new Graph()
  const x = constant(served, [1, 2], { shape: [1, 1, 1, 2] })
  const filter = constant(served, [3, 4], { shape: [1, 1, 2, 1] })
  inferenceConvolution(x, filter, { stride: 1, padding: 'SAME' })
  assert.ok(served.nodes.every(({ op }) => op.type !== 'IdentityN'))
})
