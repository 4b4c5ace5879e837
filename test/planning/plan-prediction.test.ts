import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TrainyardError } from '../../src/errors.js'
import { planPrediction } from '../../src/planning/plan-prediction.js'
import { estimatePredictionSize, partRecords } from '../../src/planning/prediction-size.js'
import type { PredictRequest } from '../../src/spec/batch-prediction.js'
import { resolveBoostingOptions } from '../../src/spec/boosting-options.js'
import type { ImagesManifest, TableColumn, TableManifest } from '../../src/spec/dataset.js'
import type { BoostingModel, NetworkModel } from '../../src/spec/model.js'
import { digitsManifest } from '../../testing/digits-manifest.js'

const identity = { id: 'job-00000000000000000000000000', createdAt: '2026-01-01T00:00:00.000Z' }

const number = (name: string, fields: object = {}): TableColumn => ({
  ...{ name, type: 'number', missing: 0, distinct: 9, min: 0, max: 9, mean: 4 },
  ...fields,
})
const category = (name: string, categories: string[]): TableColumn => ({
  ...{ name, type: 'category', missing: 0, distinct: categories.length, categories },
  counts: categories.map(() => 50),
})

const table = (columns: TableColumn[], fields: Partial<TableManifest> = {}): TableManifest => ({
  ...{ id: 'ds-00000000000000aa', name: 'houses', createdAt: identity.createdAt, kind: 'table' },
  ...{ records: 100, columns, target: null, sample: [], shards: [] },
  ...fields,
})

const common = {
  ...{ id: 'm', name: 'm', version: 3, versions: [1, 3], jobId: identity.id },
  ...{ createdAt: identity.createdAt, dataset: { id: 'ds-00000000000000bb', name: 'old' } },
  ...{ step: 1, metrics: {} },
}
const trees = (fields: Partial<BoostingModel> = {}): BoostingModel => ({
  ...common,
  ...{ labels: ['no', 'yes'], target: 'sold', featureImportance: [] },
  model: resolveBoostingOptions({ kind: 'boosting' }, 'binary'),
  input: {
    columns: [
      { name: 'area', type: 'number', categories: null },
      { name: 'zip', type: 'category', categories: ['a', 'b'] },
    ],
  },
  ...fields,
})
const network: NetworkModel = {
  ...common,
  labels: ['0', '1', '2'],
  model: { kind: 'resnet', block: 'bottleneck', blocks: 1, filters: 8, kernel: 3, ratio: 4 },
  input: { height: 28, width: 28, channels: 1, mean: [0], std: [1] },
}

const plan = (
  predict: Partial<PredictRequest>,
  dataset: TableManifest | ImagesManifest,
  model: BoostingModel | NetworkModel = trees(),
) => planPrediction(identity, { dataset: 'd', predict: { model: 'm', ...predict } }, dataset, model)

function errorsOf(run: () => unknown): string[][] {
  try {
    run()
  } catch (error) {
    assert.ok(error instanceof TrainyardError)
    return error.errors.map(({ path, code }) => [path, code])
  }
  return assert.fail('nothing is refused')
}

test('a plan names the version, fills in the options and lists the columns that are added', () => {
  const { predict, name, model, notes } = plan({}, table([number('area'), category('zip', ['a'])]))
  assert.equal(name, 'predict-m-houses')
  assert.equal(model.kind, 'boosting')
  assert.deepEqual(predict, {
    ...{ model: 'm', version: 3, split: null, topK: null, keepColumns: true },
    ...{ outputs: ['label', 'probability', 'probabilities'], checkpointEvery: null },
    ...{ datasetName: 'predict-m-houses', steps: 100 },
    columns: [
      ...['record', 'predicted.label', 'predicted.index', 'predicted.probability'],
      ...['predicted.probabilities.no', 'predicted.probabilities.yes'],
    ],
  })
  assert.deepEqual(
    notes!.map(({ code }) => code),
    ['version_inferred'],
  )
})

test('all that does not fit the model is refused at once', () => {
  const dataset = table([number('area', { type: 'text' }), number('beds')])
  const asked = { split: 'test', outputs: ['logits' as const], datasetName: 'ds-00000000000000aa' }
  assert.deepEqual(
    errorsOf(() => plan(asked, dataset)),
    [
      ['/predict/datasetName', 'invalid_name'],
      ['/predict/split', 'unknown_split'],
      ['/dataset', 'unknown_column'],
      ['/dataset', 'type_mismatch'],
      ['/predict/outputs', 'contradiction'],
    ],
  )
})

test('a table is no input of a network, and images are none of trees', () => {
  assert.deepEqual(
    errorsOf(() => plan({}, table([number('a')]), network)),
    [['/dataset', 'wrong_kind']],
  )
  assert.deepEqual(
    errorsOf(() => plan({}, digitsManifest(), trees())),
    [['/dataset', 'wrong_kind']],
  )
})

test('raw pixels need the shape of the model, and files are brought to it', () => {
  const small = { ...digitsManifest(), height: 8, width: 8, channels: 1 as const }
  const raw = { ...small, encoding: 'raw' as const }
  assert.deepEqual(
    errorsOf(() => plan({}, raw, network)),
    [['/dataset', 'shape_mismatch']],
  )
  const { notes } = plan({}, { ...small, encoding: 'encoded' }, network)
  assert.ok(notes!.some(({ code }) => code === 'images_resized'))
})

test('numbers stand for booleans of the model only if they are 0 and 1', () => {
  const columns = [{ name: 'new', type: 'boolean' as const, categories: null }]
  const model = trees({ input: { columns } })
  assert.deepEqual(
    errorsOf(() => plan({}, table([number('new')]), model)),
    [['/dataset', 'type_mismatch']],
  )
  assert.equal(plan({}, table([number('new', { max: 1 })]), model).predict.steps, 100)
})

test('an offset is needed in each row', () => {
  const model = trees({ input: { columns: [], offset: 'exposure' } })
  assert.deepEqual(
    errorsOf(() => plan({}, table([number('area')]), model)),
    [['/dataset', 'unknown_column']],
  )
  assert.deepEqual(
    errorsOf(() => plan({}, table([number('exposure', { missing: 2 })]), model)),
    [['/dataset', 'missing_values']],
  )
})

test('a model of numbers has no classes to select, and its column is the value', () => {
  const model = trees({
    labels: [],
    model: resolveBoostingOptions({ kind: 'boosting' }, 'regression'),
  })
  const dataset = table([number('area'), category('zip', ['a'])])
  assert.deepEqual(
    errorsOf(() => plan({ topK: 2 }, dataset, model)),
    [['/predict/topK', 'contradiction']],
  )
  const { outputs, columns } = plan({}, dataset, model).predict
  assert.deepEqual([outputs, columns], [null, ['record', 'predicted.value']])
})

test('columns of predictions get other names than those of the data set, and a note says so', () => {
  const dataset = table([number('area'), category('zip', ['a', 'z']), number('record')])
  const { predict, notes } = plan({ outputs: ['label'], version: 3 }, dataset)
  assert.deepEqual(predict.columns, ['record_2', 'predicted.label', 'predicted.index'])
  assert.deepEqual(
    notes!.map(({ code, columns }) => [code, columns]),
    [
      ['unknown_categories', ['zip']],
      ['columns_renamed', ['record']],
    ],
  )
  const without = plan({ outputs: ['label'], version: 3, keepColumns: false }, dataset)
  assert.equal(without.predict.columns[0], 'record')
})

test('a note on many columns with other names says how many it does not list', () => {
  const labels = Array.from({ length: 12 }, (_, i) => `c${i}`)
  const model = trees({
    labels,
    model: resolveBoostingOptions({ kind: 'boosting' }, 'multiclass'),
  })
  const taken = labels.map(label => number(`predicted.probabilities.${label}`))
  const dataset = table([number('area'), category('zip', ['a']), ...taken])
  const { notes } = plan({ outputs: ['probabilities'], version: 3 }, dataset, model)
  assert.match(notes![0]!.message, /c9 is predicted\.probabilities\.c9_2 and 2 more$/)
})

test('the column of splits, and that of labels, are listed and renamed like the others', () => {
  const splits = [{ name: 'all', records: 100, columns: [] }]
  const columns = [number('area'), category('zip', ['a']), number('split')]
  const { predict, notes } = plan({ outputs: ['label'], version: 3 }, table(columns, { splits }))
  assert.deepEqual(predict.columns.slice(0, 2), ['record', 'split_2'])
  assert.deepEqual(
    notes!.map(note => note.columns),
    [['split']],
  )
  const { predict: ofImages } = plan({ version: 3, topK: 1 }, digitsManifest(), network)
  assert.deepEqual(ofImages.columns, [
    ...['record', 'label', 'predicted.label', 'predicted.index', 'predicted.probability'],
    ...['predicted.top.label.1', 'predicted.top.index.1', 'predicted.top.probability.1'],
  ])
})

test('predictions cannot take the name of what they are made from', () => {
  const dataset = table([number('area'), category('zip', ['a'])])
  assert.deepEqual(
    errorsOf(() => plan({ datasetName: 'houses' }, dataset)),
    [['/predict/datasetName', 'contradiction']],
  )
  const request = { name: 'houses', dataset: 'houses', predict: { model: 'm' } }
  assert.deepEqual(
    errorsOf(() => planPrediction(identity, request, dataset, trees())),
    [['/predict/datasetName', 'contradiction']],
  )
})

test('a request may ask for ten thousand checkpoints, and no more', () => {
  const rows = (records: number) => table([number('area'), category('zip', ['a'])], { records })
  assert.equal(plan({ checkpointEvery: 2 }, rows(20_000)).predict.checkpointEvery, 2)
  assert.deepEqual(
    errorsOf(() => plan({ checkpointEvery: 2 }, rows(20_001))),
    [['/predict/checkpointEvery', 'too_small']],
  )
  // batches of images have 32
  const images = { ...digitsManifest(), records: 320_000 }
  assert.equal(plan({ checkpointEvery: 1 }, images, network).predict.checkpointEvery, 1)
  assert.deepEqual(
    errorsOf(() => plan({ checkpointEvery: 1 }, { ...images, records: 320_001 }, network)),
    [['/predict/checkpointEvery', 'too_small']],
  )
})

test('the memory of a job that predicts a large table is that of a batch, however many columns it has', () => {
  const columns = Array.from({ length: 5000 }, (_, i) => number(`c${i}`))
  const inputs = columns.map(({ name }) => ({ name, type: 'number' as const, categories: null }))
  const model = trees({ input: { columns: inputs } })
  const { predict } = plan({}, table(columns, { records: 1e6 }), model)
  const { stateBytes, stepBytes } = estimatePredictionSize(model, predict, [])
  assert.ok(stateBytes <= 16 * 2 ** 20, `${stateBytes}`)
  // 2^20 cells, as they are stored and as the model takes them
  assert.ok(stepBytes <= 12 * 2 ** 20, `${stepBytes}`)
})

test('a split is predicted alone', () => {
  const splits = [
    { name: 'train', records: 80, columns: [] },
    { name: 'test', records: 20, columns: [] },
  ]
  const dataset = table([number('area'), category('zip', ['a'])], { splits })
  assert.equal(plan({ split: 'test' }, dataset).predict.steps, 20)
})

test('a part of the predictions takes some MiB at most', () => {
  assert.equal(partRecords(1), 65_536)
  assert.equal(partRecords(1000) * 1000 * 8 <= 16 * 2 ** 20, true)
  assert.equal(partRecords(1e9), 32)
})
