import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Graph, type Tensor } from '../../../src/graph/graph.js'
import {
  concat,
  oneHot,
  pad,
  reshape,
  slice,
  stackTensors,
  transpose,
} from '../../../src/graph/ops/array.js'
import { batchNormTraining } from '../../../src/graph/ops/batch-norm.js'
import { equal, finiteMask, select } from '../../../src/graph/ops/compare.js'
import { constant, fill, placeholder } from '../../../src/graph/ops/constant.js'
import { conv2d } from '../../../src/graph/ops/conv.js'
import { gather } from '../../../src/graph/ops/gather.js'
import { add, cast } from '../../../src/graph/ops/math.js'
import { biasAdd, matMul } from '../../../src/graph/ops/matmul.js'
import { avgPool, maxPool } from '../../../src/graph/ops/pool.js'
import { randomTruncatedNormal } from '../../../src/graph/ops/random.js'
import { argMax, reduceMax, reduceMean, reduceSum } from '../../../src/graph/ops/reduce.js'
import { softmaxCrossEntropy, sparseSoftmaxCrossEntropy } from '../../../src/graph/ops/softmax.js'

const graph = new Graph()
const x = (...shape: number[]) => placeholder(graph, 'x', 'float32', shape)
const numbers = (...shape: number[]) => placeholder(graph, 'numbers', 'int32', shape)
const explicitPadding = { top: 1, bottom: 1, left: 1, right: 1 }

const shapes: [string, Tensor, number[]][] = [
  ['conv2d SAME', conv2d(x(-1, 7, 6, 3), x(3, 3, 3, 8), { stride: 2 }), [-1, 4, 3, 8]],
  ['conv2d VALID', conv2d(x(2, 7, 6, 3), x(3, 3, 3, 8), { padding: 'VALID' }), [2, 5, 4, 8]],
  [
    'conv2d with explicit padding',
    conv2d(x(2, 8, 8, 3), x(3, 3, 3, 8), { stride: 2, padding: explicitPadding }),
    [2, 4, 4, 8],
  ],
  ['conv2d of unknown size', conv2d(x(1, -1, -1, 3), x(3, 3, 3, 8)), [1, -1, -1, 8]],
  ['maxPool', maxPool(x(2, 7, 7, 3), 2), [2, 3, 3, 3]],
  ['avgPool', avgPool(x(2, 7, 7, 3), 3, { stride: 2, padding: 'SAME' }), [2, 4, 4, 3]],
  ['broadcasting', add(x(-1, 1, 3), x(4, 1)), [-1, 4, 3]],
  ['a number as operand', add(1, x(2)), [2]],
  ['matMul', matMul(x(-1, 3), x(5, 3), { transposeB: true }), [-1, 5]],
  ['reduceMean', reduceMean(x(-1, 4, 5, 6), [1, 2]), [-1, 6]],
  ['reduceSum of all', reduceSum(x(2, 3)), []],
  ['reduceMax kept', reduceMax(x(2, 3), [-1], { keepDims: true }), [2, 1]],
  ['argMax', argMax(x(-1, 10), 1), [-1]],
  ['equal', equal(numbers(-1), numbers(-1)), [-1]],
  ['finiteMask', finiteMask(numbers(2, 3)), [2, 3]],
  ['oneHot', oneHot(numbers(5), 10), [5, 10]],
  ['reshape', reshape(x(2, 6), [-1, 3]), [4, 3]],
  ['reshape of an unknown batch', reshape(x(-1, 6), [-1, 2, 3]), [-1, 2, 3]],
  ['transpose', transpose(x(2, 3, 4), [2, 0, 1]), [4, 2, 3]],
  ['pad', pad(x(-1, 3), [0, 1], [0, 2]), [-1, 6]],
  ['slice', slice(x(4, 5), [1, 0], [2, 5]), [2, 5]],
  ['concat', concat([x(2, 3), x(2, 4)], -1), [2, 7]],
  ['stackTensors', stackTensors([x(3), x(3)]), [2, 3]],
  ['gather', gather(x(9, 4), numbers(2, 3)), [2, 3, 4]],
  ['cast', cast(x(2), 'int32'), [2]],
  ['softmaxCrossEntropy', softmaxCrossEntropy(x(-1, 3), x(-1, 3)), [-1]],
]

test('ops infer their output shapes', () => {
  for (const [what, tensor, shape] of shapes) assert.deepEqual(tensor.shape, shape, what)
})

const mistakes: [() => unknown, string][] = [
  [() => conv2d(x(1, 8, 8, 3), x(3, 3, 64, 8)), 'conv2d: input has 3 channels, filter expects 64'],
  [
    () => conv2d(x(8, 8, 3), x(3, 3, 3, 8)),
    'conv2d: the input must have 4 dimensions, its shape is [8, 8, 3]',
  ],
  [
    () => conv2d(x(1, 2, 2, 3), x(3, 3, 3, 8), { padding: 'VALID' }),
    'conv2d: a window of 3 does not fit into 2 pixels',
  ],
  [
    () => conv2d(x(1, 4, 4, 3), x(3, 3, 3, 8), { stride: 0.5 }),
    'conv2d: stride 0.5 is not a positive whole number',
  ],
  [() => maxPool(x(1, 2, 2, 3), 3), 'maxPool: a window of 3 does not fit into 2 pixels'],
  [() => add(x(2, 3), x(4)), 'AddV2: shapes [2, 3] and [4] do not fit together'],
  [() => add(x(2), numbers(2)), 'add: float32 and int32 differ; cast one of them'],
  [() => add(1, 2), 'add: one operand must be a tensor'],
  [() => matMul(x(2, 3), x(4, 5)), 'matMul: the first matrix has 3 columns, the second 4 rows'],
  [() => biasAdd(x(2, 3), x(4)), 'biasAdd: input has 3 channels, the bias 4'],
  [
    () => batchNormTraining(x(1, 2, 2, 3), x(4), x(3), 1e-3),
    'batchNorm: input has 3 channels, the scale 4',
  ],
  [
    () => reduceSum(x(2, 3), [2]),
    'reduceSum: axes [2] do not name different dimensions of a tensor of rank 2',
  ],
  [() => reshape(x(2, 3), [4, 2]), 'reshape: [2, 3] does not fit into [4, 2]'],
  [() => reshape(x(2, 3), [-1, -1]), 'reshape: [?, ?] leaves more than one extent open'],
  [() => transpose(x(2, 3), [0]), 'transpose: [0] must name all 2 dimensions'],
  [() => pad(x(2, 3), [1], [1]), 'pad: a tensor of rank 2 needs 2 amounts before and after'],
  [() => slice(x(4, 5), [3, 0], [2, 5]), 'slice: [2, 5] from [3, 0] does not lie inside [4, 5]'],
  [
    () => concat([x(2, 3), x(3, 3)], 1),
    'concat: float32 [3, 3] does not join float32 [2, 3] along axis 1',
  ],
  [
    () => sparseSoftmaxCrossEntropy(x(2, 3), x(2)),
    'sparseSoftmaxCrossEntropy: labels must be int32 or int64, they are float32',
  ],
  [
    () => softmaxCrossEntropy(x(2, 3), x(2, 4)),
    'softmaxCrossEntropy: logits are [2, 3], labels [2, 4]',
  ],
  [() => select(x(2), x(2), x(2)), 'select: the condition is float32, not bool'],
  [() => constant(graph, [1, 2], { shape: [3] }), 'constant: 2 values do not fill shape [3]'],
  [() => fill(graph, [-1], 0), 'fill: the shape [?] must be known'],
  [
    () => randomTruncatedNormal(graph, [2], { seed: x(), index: 1 }),
    "a random key's parts are int32 scalars, not float32 []",
  ],
]

test('ops report mistakes while the graph is built', () => {
  for (const [act, message] of mistakes) assert.throws(act, { name: 'GraphError', message })
})
