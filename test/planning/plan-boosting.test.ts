import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TrainyardError } from '../../src/errors.js'
import { planJob } from '../../src/planning/plan.js'
import type { DatasetManifest, TableColumn, TableManifest } from '../../src/spec/dataset.js'
import { type BoostingJob, type BoostingJobRequest, isBoosting } from '../../src/spec/job.js'
import { digitsManifest } from '../../testing/digits-manifest.js'

const identity = { id: 'job-00000000000000000000000000', createdAt: '2026-01-01T00:00:00.000Z' }

type Kind = 'number' | 'integer' | 'boolean'
const numeric = (name: string, type: Kind, min: number, max: number, missing = 0): TableColumn => ({
  name,
  type,
  missing,
  distinct: null,
  min,
  max,
  mean: (min + max) / 2,
})
const category = (name: string, ...categories: string[]): TableColumn => ({
  name,
  type: 'category',
  missing: 0,
  distinct: categories.length,
  categories,
  counts: categories.map(() => 10),
})
const text: TableColumn = { name: 'note', type: 'text', missing: 0, distinct: null }

const columns = [
  numeric('age', 'integer', 0, 99, 3),
  numeric('height', 'number', 0.5, 2.1),
  category('city', 'Bonn', 'Köln', 'Ulm'),
  text,
  numeric('price', 'number', -5, 900),
  numeric('sold', 'boolean', 0, 1),
  numeric('stars', 'integer', 1, 5),
  numeric('query', 'integer', 1, 50),
  numeric('weight', 'number', 0, 3),
]

const table = (more: Partial<TableManifest> = {}): TableManifest => ({
  id: 'ds-0123456789abcdef',
  name: 'houses',
  createdAt: '2026-01-01T00:00:00.000Z',
  kind: 'table',
  records: 1000,
  columns,
  target: 'price',
  sample: [],
  shards: [],
  ...more,
})

interface RequestParts {
  model?: Omit<BoostingJobRequest['model'], 'kind'>
  training?: BoostingJobRequest['training']
}

function plan(
  { model = {}, training = {} }: RequestParts,
  dataset: DatasetManifest = table(),
  validation: DatasetManifest | null = null,
): BoostingJob {
  const request = { model: { kind: 'boosting' as const, ...model }, dataset: 'houses', training }
  const job = planJob(identity, request, dataset, validation)
  assert.ok(isBoosting(job))
  return job
}

function fieldErrorsOf(
  asked: RequestParts,
  dataset?: DatasetManifest,
  validation?: DatasetManifest,
) {
  try {
    plan(asked, dataset, validation ?? null)
  } catch (error) {
    assert.ok(error instanceof TrainyardError)
    return error.errors.map(({ path, code }) => `${path} ${code}`)
  }
  return []
}

test('a model and a table are enough for a job', () => {
  const job = plan({})
  assert.equal(job.name, 'boosting-houses')
  assert.equal(job.model.objective, 'regression')
  assert.deepEqual(job.training, {
    steps: 100,
    target: 'price',
    features: ['age', 'height', 'city', 'sold', 'stars', 'query', 'weight'],
    sampleWeight: null,
    group: null,
    classes: null,
    classWeights: null,
    offset: null,
    validation: { fraction: 0.1, by: 'random' },
    earlyStopping: null,
    exportBest: true,
    seed: 1,
    logEvery: 1,
    checkpointEvery: null,
    checkpointSeconds: null,
    keepCheckpoints: 3,
    rows: 900,
  })
})

test('the target determines the default objective and the class labels', () => {
  const of = (target: string, objective?: 'multiclass') => {
    const { model, training } = plan({
      model: objective ? { objective } : {},
      training: { target },
    })
    return [model.objective, training.classes]
  }
  assert.deepEqual(of('sold'), ['binary', { labels: ['false', 'true'], base: 0 }])
  assert.deepEqual(of('city'), ['multiclass', { labels: ['Bonn', 'Köln', 'Ulm'], base: 0 }])
  assert.deepEqual(of('stars'), ['regression', null])
  assert.deepEqual(of('stars', 'multiclass'), [
    'multiclass',
    { labels: ['1', '2', '3', '4', '5'], base: 1 },
  ])
  const zeroOne = table({ columns: [...columns, numeric('y', 'integer', 0, 1)], target: 'y' })
  assert.equal(plan({}, zeroOne).model.objective, 'binary')
})

test('the target, weight and group columns are not features', () => {
  const { training } = plan({
    model: { objective: 'ranking' },
    training: { target: 'stars', group: 'query', sampleWeight: 'weight' },
  })
  assert.deepEqual(training.features, ['age', 'height', 'city', 'price', 'sold'])
})

test('early stopping uses the first metric of the objective by default', () => {
  const { training } = plan({
    training: { target: 'sold', earlyStopping: { patience: 3 }, checkpointEvery: 5 },
  })
  assert.deepEqual(training.earlyStopping, {
    metric: 'validationLogloss',
    patience: 3,
    minDelta: 0,
  })
  assert.deepEqual([training.checkpointEvery, training.checkpointSeconds], [5, null])
})

test('the plan has the options of its objective, and a note where the slope of huber is small', () => {
  const { model, notes } = plan({ model: { objective: 'huber' } })
  assert.equal(model.huberSlope, 1)
  assert.ok(!('tweedieVariancePower' in model) && !('scalePosWeight' in model))
  assert.deepEqual(
    notes!.map(({ code }) => code),
    ['text_columns_left_out', 'huber_slope_small'],
  )
  const fitting = plan({ model: { objective: 'huber', huberSlope: 150 } })
  assert.ok(!fitting.notes!.some(({ code }) => code === 'huber_slope_small'))
})

test('class weights are planned by name, and balanced ones are left to the trainer', () => {
  const weightsOf = (classWeights: 'balanced' | Record<string, number>) =>
    plan({ training: { target: 'city', classWeights } }).training.classWeights
  assert.equal(weightsOf('balanced'), 'balanced')
  assert.deepEqual(weightsOf({ Ulm: 3 }), { Bonn: 1, Köln: 1, Ulm: 3 })
})

test('a note says that a table is too small to hold anything out, and what is still held out', () => {
  const small = table({ records: 4 })
  const planned = (training: RequestParts['training']) => {
    const { training: made, notes } = plan({ ...(training && { training }) }, small)
    return [made.rows, notes!.some(({ code }) => code === 'nothing_held_out')]
  }
  assert.deepEqual(planned({}), [4, true])
  assert.deepEqual(planned({ validation: 0 }), [4, false])
  assert.deepEqual(planned({ validation: 0.25 }), [3, false])
  assert.deepEqual(planned({ validation: { holdOut: 0.1, by: 'time' }, earlyStopping: {} }), [
    3,
    false,
  ])
})

test('an offset is no feature, and a validation table must have it', () => {
  const { training } = plan({ training: { offset: 'weight' } })
  assert.equal(training.offset, 'weight')
  assert.ok(!training.features.includes('weight'))
  const without = table({ name: 'flats', columns: columns.filter(({ name }) => name !== 'weight') })
  assert.deepEqual(fieldErrorsOf({ training: { offset: 'weight' } }, table(), without), [
    '/training/validation/dataset unknown_column',
  ])
})

test('rows are held out by class for classes, by group for a ranking, else at random', () => {
  const splitOf = (parts: RequestParts, dataset?: TableManifest) =>
    plan(parts, dataset).training.validation
  assert.deepEqual(splitOf({ training: { target: 'sold' } }), { fraction: 0.1, by: 'class' })
  assert.deepEqual(splitOf({ training: { target: 'city', validation: { holdOut: 0.3 } } }), {
    fraction: 0.3,
    by: 'class',
  })
  const ranking = { target: 'stars', group: 'query' }
  assert.deepEqual(splitOf({ model: { objective: 'ranking' }, training: ranking }), {
    fraction: 0.1,
    by: 'group',
  })
  const days = category('day', '2024-01-31', '2024-02-01', '2024-02-10')
  const dated = table({ columns: [...columns, days] })
  for (const column of ['day', 'height']) {
    const validation = { holdOut: 0.2, by: 'time', column } as const
    assert.deepEqual(splitOf({ training: { validation } }, dated), {
      fraction: 0.2,
      by: 'time',
      column,
    })
  }
})

test('the column that chooses the rows to validate on is no feature unless it is named', () => {
  const validation = { holdOut: 0.2, by: 'group', column: 'query' } as const
  const { training, notes } = plan({ training: { validation } })
  assert.ok(!training.features.includes('query'))
  assert.ok(notes!.some(({ code }) => code === 'split_column_left_out'))
  const named = plan({ training: { validation, features: ['age', 'query'] } })
  assert.deepEqual(named.training.features, ['age', 'query'])
  assert.deepEqual(named.notes, [])
})

const other = (...changed: TableColumn[]) => {
  const names = new Map(changed.map(column => [column.name, column]))
  const name = 'flats'
  return table({
    id: 'ds-fedcba9876543210',
    name,
    columns: columns.map(c => names.get(c.name) ?? c),
  })
}

const invalidRequests: [
  what: string,
  RequestParts,
  expected: string[],
  dataset?: DatasetManifest,
  validation?: DatasetManifest,
][] = [
  ['no target', {}, ['/training/target required'], table({ target: null })],
  ['an unknown target', { training: { target: 'rent' } }, ['/training/target unknown_column']],
  ['a target of text', { training: { target: 'note' } }, ['/training/target wrong_type']],
  [
    'a target without values',
    { training: { target: 'age' } },
    ['/training/target missing_values'],
    other(numeric('age', 'integer', 0, 99, 1000)),
  ],
  [
    'features that are unknown, of text, or the target',
    { training: { features: ['age', 'floor', 'note', 'price'] } },
    [
      '/training/features/1 unknown_column',
      '/training/features/2 wrong_type',
      '/training/features/3 contradiction',
    ],
  ],
  [
    'roles of one column',
    { training: { target: 'stars', sampleWeight: 'stars' } },
    ['/training/sampleWeight contradiction'],
  ],
  [
    'weights below 0, and a group without ranking',
    { training: { target: 'stars', sampleWeight: 'price', group: 'query' } },
    ['/training/sampleWeight out_of_range', '/training/group contradiction'],
  ],
  [
    'ranking without a group',
    { model: { objective: 'ranking' }, training: { target: 'stars' } },
    ['/training/group required'],
  ],
  [
    'two classes of three',
    { model: { objective: 'binary' }, training: { target: 'city' } },
    ['/training/target wrong_target'],
  ],
  [
    'classes of fractions',
    { model: { objective: 'multiclass' } },
    ['/training/target wrong_target'],
  ],
  [
    'numbers of categories',
    { model: { objective: 'regression' }, training: { target: 'city' } },
    ['/training/target wrong_target'],
  ],
  ['counts below 0', { model: { objective: 'poisson' } }, ['/training/target wrong_target']],
  ['amounts below 0', { model: { objective: 'tweedie' } }, ['/training/target wrong_target']],
  [
    'amounts of 0, for gamma',
    { model: { objective: 'gamma' }, training: { target: 'weight' } },
    ['/training/target wrong_target'],
  ],
  [
    'options of other objectives, also of the one that the target decides',
    {
      model: { huberSlope: 2, tweedieVariancePower: 1.1, scalePosWeight: 2, baseScore: 0 },
      training: { target: 'city' },
    },
    [
      '/model/huberSlope contradiction',
      '/model/tweedieVariancePower contradiction',
      '/model/scalePosWeight contradiction',
      '/model/baseScore contradiction',
    ],
  ],
  [
    'a base score that is no probability',
    { model: { baseScore: 1 }, training: { target: 'sold' } },
    ['/model/baseScore out_of_range'],
  ],
  [
    'a base score that is no mean count',
    { model: { objective: 'poisson', baseScore: 0 }, training: { target: 'stars' } },
    ['/model/baseScore out_of_range'],
  ],
  [
    'options that contradict each other and the table',
    {
      model: {
        treeMethod: 'exact',
        quantile: 0.5,
        categorical: ['height', 'floor'],
        monotone: { city: 1 },
      },
      training: { exportBest: true, earlyStopping: { metric: 'validationAuc' } },
    },
    [
      '/model/categorical/0 wrong_type',
      '/model/treeMethod contradiction',
      '/model/quantile contradiction',
      '/model/categorical unknown_column',
      '/model/monotone contradiction',
      '/training/earlyStopping/metric contradiction',
    ],
  ],
  [
    'early stopping without validation',
    { training: { validation: 0, earlyStopping: {} } },
    ['/training/earlyStopping contradiction'],
  ],
  [
    'exportBest without early stopping',
    { training: { exportBest: true } },
    ['/training/exportBest contradiction'],
  ],
  [
    'classes to hold out that the objective does not have',
    { training: { validation: { holdOut: 0.2, by: 'class' } } },
    ['/training/validation/by contradiction'],
  ],
  [
    'groups to hold out, without a column',
    { training: { validation: { holdOut: 0.2, by: 'group' } } },
    ['/training/validation/column required'],
  ],
  ...(
    [
      ['random', 'stars', 'contradiction'],
      ['time', 'price', 'contradiction'],
      ['time', 'when', 'unknown_column'],
      ['time', 'note', 'wrong_type'],
      ['time', 'age', 'missing_values'],
      ['time', 'city', 'wrong_type'],
      ['group', 'constant', 'contradiction'],
    ] as const
  ).map(([by, column, code]): (typeof invalidRequests)[number] => [
    `rows to hold out by ${by} of ${column}`,
    { training: { validation: { holdOut: 0.2, by, column } } },
    [`/training/validation/column ${code}`],
    table({ columns: [...columns, numeric('constant', 'integer', 3, 3)] }),
  ]),
  [
    'rows of a ranking to hold out at random, and by another group',
    {
      model: { objective: 'ranking' },
      training: {
        target: 'stars',
        group: 'query',
        validation: { holdOut: 0.2, by: 'random', column: 'city' },
      },
    },
    ['/training/validation/by contradiction', '/training/validation/column contradiction'],
  ],
  [
    'class weights of numbers',
    { training: { classWeights: 'balanced' } },
    ['/training/classWeights contradiction'],
  ],
  [
    'weights of unknown classes',
    { training: { target: 'city', classWeights: { Bonn: 2, Rome: 3 } } },
    ['/training/classWeights/Rome unknown_class'],
  ],
  [
    'two ways to weight classes',
    { model: { scalePosWeight: 2 }, training: { target: 'sold', classWeights: 'balanced' } },
    ['/training/classWeights contradiction'],
  ],
  [
    'an offset of categories, of many classes, beside a base score',
    { model: { objective: 'multiclass' }, training: { target: 'stars', offset: 'city' } },
    ['/training/offset wrong_type', '/training/offset contradiction'],
  ],
  [
    'an offset with gaps, beside a base score',
    { model: { baseScore: 1 }, training: { offset: 'age' } },
    ['/training/offset missing_values', '/model/baseScore contradiction'],
  ],
  ['images', {}, ['/dataset wrong_kind'], digitsManifest()],
  [
    'images as validation data',
    {},
    ['/training/validation/dataset wrong_kind'],
    table(),
    digitsManifest(),
  ],
  [
    'another table whose columns do not fit',
    { training: { sampleWeight: 'weight' } },
    [
      '/training/validation/dataset missing_values',
      '/training/validation/dataset out_of_range',
      '/training/validation/dataset type_mismatch',
    ],
    table(),
    other(
      numeric('price', 'number', 0, 1, 1000),
      category('height', 'high', 'low'),
      numeric('weight', 'number', -1, 1),
    ),
  ],
  [
    'another table whose offset has categories',
    { training: { offset: 'weight' } },
    ['/training/validation/dataset out_of_range'],
    table(),
    other(category('weight', '0.5', 'unknown')),
  ],
  [
    'another table that lacks a column',
    {},
    ['/training/validation/dataset unknown_column'],
    table(),
    table({ name: 'flats', columns: columns.filter(({ name }) => name !== 'city') }),
  ],
  [
    'another table with a class more',
    { training: { target: 'city' } },
    ['/training/validation/dataset class_mismatch'],
    table(),
    other(category('city', 'Bonn', 'Jena')),
  ],
  [
    'another table with numbers beyond the classes',
    { model: { objective: 'multiclass' }, training: { target: 'stars' } },
    ['/training/validation/dataset class_mismatch'],
    table(),
    other(numeric('stars', 'integer', 0, 5)),
  ],
  [
    'weights that are all 0, and relevances with fractions',
    {
      model: { objective: 'ranking' },
      training: { target: 'height', group: 'query', sampleWeight: 'weight' },
    },
    ['/training/sampleWeight out_of_range', '/training/target wrong_target'],
    other(numeric('weight', 'number', 0, 0)),
  ],
  [
    'another table with weights that are all 0, and relevances with fractions',
    {
      model: { objective: 'ranking' },
      training: { target: 'stars', group: 'query', sampleWeight: 'weight' },
    },
    ['/training/validation/dataset class_mismatch', '/training/validation/dataset out_of_range'],
    table(),
    other(numeric('weight', 'number', 0, 1e-60), numeric('stars', 'number', 0.5, 4)),
  ],
  [
    'early stopping of a ranking whose rows are one group',
    {
      model: { objective: 'ranking' },
      training: { target: 'stars', group: 'query', earlyStopping: {} },
    },
    ['/training/earlyStopping contradiction'],
    other({ ...numeric('query', 'integer', 7, 7), distinct: 1 } as TableColumn),
  ],
  [
    'an AUC of validation rows that all have one class',
    { training: { target: 'sold', earlyStopping: { metric: 'validationAuc' } } },
    ['/training/earlyStopping/metric contradiction'],
    table(),
    other(numeric('sold', 'boolean', 1, 1)),
  ],
  [
    'an AUC of one row',
    { training: { target: 'sold', validation: 0.001, earlyStopping: { metric: 'validationAuc' } } },
    ['/training/earlyStopping/metric contradiction'],
  ],
  [
    'an AUC where one class has a single row',
    { training: { target: 'sold', earlyStopping: { metric: 'validationAuc' } } },
    ['/training/earlyStopping/metric contradiction'],
    other({ ...numeric('sold', 'boolean', 0, 1), mean: 0.999 } as TableColumn),
  ],
  [
    'groups that run together as float64',
    { model: { objective: 'ranking' }, training: { target: 'stars', group: 'query' } },
    ['/training/group out_of_range'],
    other(numeric('query', 'integer', 0, 2 ** 53 + 2)),
  ],
  [
    'another table whose groups run together as float64',
    { model: { objective: 'ranking' }, training: { target: 'stars', group: 'query' } },
    ['/training/validation/dataset out_of_range'],
    table(),
    other(numeric('query', 'integer', -(2 ** 53) - 2, 0)),
  ],
  [
    'another table with relevances beyond those that can be learned',
    { model: { objective: 'ranking' }, training: { target: 'stars', group: 'query' } },
    ['/training/validation/dataset class_mismatch'],
    table(),
    other(numeric('stars', 'integer', 0, 32)),
  ],
]

for (const [what, asked, expected, dataset, validation] of invalidRequests) {
  test(`refused: ${what}`, () => {
    assert.deepEqual(fieldErrorsOf(asked, dataset, validation), expected)
  })
}

test('a table with new categories of a feature can validate', () => {
  assert.deepEqual(fieldErrorsOf({}, table(), other(category('city', 'Bonn', 'Jena'))), [])
})

test('the largest group value and the largest relevance are accepted', () => {
  const asked: RequestParts = {
    model: { objective: 'ranking' },
    training: { target: 'stars', group: 'query' },
  }
  const most = other(
    numeric('stars', 'integer', 0, 31),
    numeric('query', 'integer', 0, 2 ** 53 - 1),
  )
  assert.deepEqual(fieldErrorsOf(asked, table(), most), [])
})

test('several workers refuse what trees cannot be divided for, all at once', () => {
  const workers = (number: number, parts: RequestParts, dataset = table()) => {
    const request = {
      model: { kind: 'boosting' as const, ...parts.model },
      dataset: 'houses',
      training: parts.training ?? {},
      resources: { workers: number },
    }
    try {
      return planJob(identity, request, dataset, null).resources
    } catch (error) {
      assert.ok(error instanceof TrainyardError)
      return error.errors.map(({ path, code }) => `${path} ${code}`)
    }
  }
  assert.deepEqual(workers(2, {}), { workers: 2 })
  const exact = { treeMethod: 'exact' } as const
  const training = { features: ['age', 'height'], target: 'price' }
  assert.deepEqual(workers(2, { model: { ...exact, objective: 'absoluteError' }, training }), [
    '/model/treeMethod contradiction',
    '/model/objective contradiction',
  ])
  assert.deepEqual(workers(1, { model: { ...exact, objective: 'absoluteError' }, training }), {
    workers: 1,
  })
  const byAuc = { target: 'sold', earlyStopping: { metric: 'validationAuc' as const } }
  assert.deepEqual(workers(3, { training: byAuc }), [
    '/training/earlyStopping/metric contradiction',
  ])
  assert.deepEqual(workers(8, { training: { validation: 0.3 } }, table({ records: 10 })), [
    '/resources/workers too_large',
    '/resources/workers too_large',
  ])
})

test('trees are not trained on several devices', () => {
  const request = {
    model: { kind: 'boosting' as const },
    dataset: 'houses',
    resources: { devices: 2 },
  }
  assert.throws(
    () => planJob(identity, request, table(), null),
    (error: Error) =>
      error instanceof TrainyardError &&
      error.errors.map(({ path, code }) => `${path} ${code}`).join() ===
        '/resources/devices contradiction',
  )
})
