import assert from 'node:assert/strict'
import { test } from 'node:test'
import { networkOutputs, rowOutputs } from '../../../src/serving/protocols/model-outputs.js'
import { inputSpecsOf, modelMetadata } from '../../../src/serving/protocols/oip-metadata.js'
import {
  type InputLimits,
  rowOptionsOf,
  servedInputOf,
} from '../../../src/serving/protocols/served-input.js'
import type { Tensor } from '../../../src/serving/protocols/tensor.js'
import { inputFromTensors } from '../../../src/serving/protocols/tensor-input.js'
import { checkMethod, tfAnswer } from '../../../src/serving/protocols/tf-serving-answer.js'
import { parseTfRequest } from '../../../src/serving/protocols/tf-serving-request.js'
import type { BoostingObjective } from '../../../src/spec/boosting-options.js'
import type { BoostingModel, NetworkModel } from '../../../src/spec/model.js'

const limits: InputLimits = {
  ...{ rows: 10, explainedRows: 10, predictionValues: 100, explainedValues: 100 },
  ...{ instances: 4, imageFiles: 4, imagePixels: 100, pixelValues: 1000 },
}

const columns: BoostingModel['input']['columns'] = [
  { name: 'area', type: 'number', categories: null },
  { name: 'new', type: 'boolean', categories: null },
  { name: 'zip', type: 'category', categories: ['8001', '8002'] },
]

const trees = (
  input: Partial<BoostingModel['input']> = {},
  objective = 'regression',
  labels: string[] = [],
) =>
  ({
    id: 'houses',
    version: 1,
    versions: [1],
    labels,
    target: 'price',
    model: {
      kind: 'boosting',
      objective: objective as BoostingObjective,
      quantile: [] as number[],
    },
    input: { columns, ...input },
  }) as unknown as BoostingModel

const text = (name: string, ...values: string[]): Tensor => ({
  name,
  datatype: 'BYTES',
  shape: [values.length],
  values: values.map(value => Buffer.from(value)),
})
const floats = (name: string, values: number[], shape = [values.length]): Tensor => ({
  name,
  datatype: 'FP32',
  shape,
  values: Float32Array.from(values),
})

const read = (model: BoostingModel, tensors: Tensor[], parameters = {}) => {
  const input = inputFromTensors(tensors, servedInputOf(model), parameters, limits)
  assert.equal(input.kind, 'rows')
  return input as Extract<typeof input, { kind: 'rows' }>
}

test('columns become rows by name: NaN is missing, texts are categories', () => {
  const { rows, count, report } = read(trees(), [
    text('zip', '8002', '9999'),
    floats('area', [120, Number.NaN], [2, 1]),
  ])
  assert.equal(count, 2)
  assert.deepEqual([...rows], [120, Number.NaN, 1, Number.NaN, Number.NaN, Number.NaN])
  assert.deepEqual(report.absent, ['new'])
  assert.equal(report.unknownCategories[0]?.column, 'zip')
  assert.throws(
    () => read(trees(), [text('zip', '9999')], { unknownCategory: 'error' }),
    /"zip" is "9999"/,
  )
  assert.throws(() => rowOptionsOf({ unknownCategory: 'x' }), /one of missing, error/)
})

test('numbers alone may come as one matrix', () => {
  const numeric = trees({ columns: columns.slice(0, 2) })
  assert.deepEqual([...read(numeric, [floats('rows', [1, 0, 3, 1], [2, 2])]).rows], [1, 0, 3, 1])
  assert.deepEqual(inputSpecsOf(numeric), [{ name: 'rows', datatype: 'FP32', sizes: [2] }])
  assert.throws(() => read(numeric, [floats('rows', [1, 0, 3], [1, 3])]), /expected \[n, 2\]/)
  assert.throws(() => read(trees(), [floats('rows', [1, 0, 3], [1, 3])]), /not all columns are/)
  const withOffset = trees({ columns: columns.slice(0, 1), offset: 'exposure' })
  assert.throws(() => read(withOffset, [floats('rows', [1], [1, 1])]), /one input for each column/)
  assert.throws(() => read(withOffset, [floats('area', [1])]), /lacks 'exposure'/)
  const { offsets } = read(withOffset, [floats('area', [1, 2]), floats('exposure', [3, 4])])
  assert.deepEqual([...offsets!], [3, 4])
})

test('columns that do not fit each other or the model are refused', () => {
  const refuse = (tensors: Tensor[], message: RegExp) =>
    assert.throws(() => read(trees(), tensors), message)
  refuse([], /there is no input/)
  refuse([floats('area', [1]), floats('new', [1, 0])], /'new' has 2 rows, but 'area' has 1/)
  refuse([floats('area', [1, 2], [1, 2])], /expected \[n\] or \[n, 1\]/)
  refuse([floats('size', [1])], /there is no column/)
  refuse([floats('area', [Number.POSITIVE_INFINITY])], /"area" is Infinity/)
  refuse([text('area', 'x')], /"area" is "x"/)
  refuse([{ ...text('zip', ''), values: [Uint8Array.of(0xff)] } as Tensor], /no text in UTF-8/)
  refuse([floats('area', new Array(11).fill(1))], /there are 11 rows to predict, expected 1 to 10/)
  refuse([floats('area', [], [0])], /there are 0 rows/)
})

test('the metadata of columns name their types', () => {
  assert.deepEqual(modelMetadata(trees()).inputs, [
    { name: 'area', datatype: 'FP32', shape: [-1, 1] },
    { name: 'new', datatype: 'BOOL', shape: [-1, 1] },
    { name: 'zip', datatype: 'BYTES', shape: [-1, 1] },
  ])
})

const outputsOf = (model: BoostingModel, ...values: number[]) => {
  const width = model.model.objective === 'multiclass' ? model.labels.length : 1
  const result = { values: Float32Array.from(values), outputs: width, explanations: null }
  return rowOutputs(model, result)
}
const described = (model: BoostingModel, ...values: number[]) =>
  outputsOf(model, ...values)
    .map(output => output.tensor())
    .map(({ name, datatype, shape, values }) => [name, datatype, shape, [...values].map(String)])

test('the outputs of trees have the form of their objective', () => {
  assert.deepEqual(described(trees(), 1.5, 2), [['value', 'FP32', [2], ['1.5', '2']]])
  assert.deepEqual(described(trees({}, 'ranking'), 3), [['score', 'FP32', [1], ['3']]])
  assert.deepEqual(described(trees({}, 'binary', ['no', 'yes']), 0.75), [
    ['probabilities', 'FP64', [1, 2], ['0.25', '0.75']],
    ['labels', 'BYTES', [1], ['yes']],
  ])
  const three = trees({}, 'multiclass', ['a', 'b', 'c'])
  assert.deepEqual(described(three, 0.25, 0.5, 0.25), [
    ['probabilities', 'FP32', [1, 3], ['0.25', '0.5', '0.25']],
    ['labels', 'BYTES', [1], ['b']],
  ])
})

const tfInput = (model: BoostingModel | NetworkModel, body: unknown, method = 'predict' as const) =>
  parseTfRequest(body, method, servedInputOf(model), 1000, limits)

test('TensorFlow Serving’s rows, columns and examples give the same rows', () => {
  const expected = [120, 1, 0]
  const bodies = [
    { instances: [{ area: 120, new: true, zip: '8001' }] },
    { instances: [{ area: [120], new: [true], zip: [{ b64: 'ODAwMQ==' }] }] },
    { instances: [[120, true, '8001']] },
    { inputs: { area: [120], new: [[true]], zip: ['8001'] } },
    { inputs: { rows: [[120, true, '8001']] } },
    { signature_name: 'serving_default', inputs: [[120, true, '8001']] },
  ]
  for (const body of bodies) {
    const { input } = tfInput(trees(), body)
    assert.equal(input.kind, 'rows')
    if (input.kind === 'rows') assert.deepEqual([...input.rows], expected, JSON.stringify(body))
  }
  const examples = { context: { zip: '8001' }, examples: [{ area: 120, new: true }] }
  const { input } = parseTfRequest(examples, 'regress', servedInputOf(trees()), 1000, limits)
  if (input.kind === 'rows') assert.deepEqual([...input.rows], expected)
})

const network = {
  id: 'shades',
  version: 1,
  versions: [1],
  labels: ['dark', 'bright'],
  model: { kind: 'resnet' },
  input: { height: 2, width: 2, channels: 1 },
} as unknown as NetworkModel

test('TensorFlow Serving’s images are lists of numbers in every layout', () => {
  const flat = [1, 2, 3, 4]
  const square = [
    [1, 2],
    [3, 4],
  ]
  const deep = [
    [[1], [2]],
    [[3], [4]],
  ]
  for (const image of [flat, square, deep]) {
    for (const body of [
      { instances: [image] },
      { instances: [{ images: image }] },
      { inputs: [image] },
      { inputs: { images: [image] } },
    ]) {
      const { input } = tfInput(network, body)
      assert.equal(input.kind, 'pixels')
      if (input.kind === 'pixels') {
        assert.deepEqual([...input.data], flat)
        assert.deepEqual(input.shape, [1, 2, 2, 1])
      }
    }
  }
})

test('what TensorFlow Serving would refuse is refused', () => {
  const refuse = (body: unknown, message: RegExp) =>
    assert.throws(() => tfInput(network, body), message)
  refuse([], /expected to be an object/)
  refuse({}, /neither instances nor inputs/)
  refuse({ instances: [], inputs: [] }, /both instances and inputs/)
  refuse({ instances: [], signature_name: 'x' }, /there is no signature 'x'/)
  refuse({ instances: [] }, /there are 0 images/)
  refuse({ instances: 3 }, /instances is expected to be a list/)
  refuse({ instances: [[1, 2, 3]] }, /has 3 values, expected 4/)
  refuse({ instances: [[1, 2, 3, 300]] }, /is 300, expected 0 to 255/)
  refuse({ instances: [[1, 2, 3, Number.POSITIVE_INFINITY]] }, /expected a value/)
  refuse({ instances: [{ b64: '!' }] }, /no base64/)
  refuse({ instances: [{ b64: 'AAAA' }] }, /not a PNG/)
  refuse({ instances: [{ b64: 'AAAA' }, [1, 2, 3, 4]] }, /is no file, as others are/)
  refuse({ instances: [{ image: [1, 2, 3, 4] }] }, /expected 'images' for pixels/)
})

test('TensorFlow Serving’s answers have rows, columns, classes or numbers', async () => {
  const probabilities = Float32Array.of(0.25, 0.75)
  const outputs = networkOutputs(network, {
    logits: Float32Array.of(0, 1),
    probabilities,
    classes: 2,
  })
  const answer = async (method: 'predict' | 'classify', byRow: boolean) =>
    JSON.parse((await tfAnswer(network, method, { byRow }, outputs, [])).toString())
  assert.deepEqual(await answer('predict', true), {
    predictions: [{ logits: [0, 1], probabilities: [0.25, 0.75] }],
  })
  assert.deepEqual(await answer('predict', false), {
    outputs: { logits: [[0, 1]], probabilities: [[0.25, 0.75]] },
  })
  const pairs = [
    ['dark', 0.25],
    ['bright', 0.75],
  ]
  assert.deepEqual(await answer('classify', true), { results: [pairs] })
  const houses = await tfAnswer(trees(), 'regress', { byRow: true }, outputsOf(trees(), 1, 2), [
    'n',
  ])
  assert.deepEqual(JSON.parse(houses.toString()), { results: [1, 2], notes: ['n'] })
  assert.throws(() => checkMethod(network, 'regress'), /predicts classes/)
  assert.throws(() => checkMethod(trees(), 'classify'), /predicts numbers/)
})
