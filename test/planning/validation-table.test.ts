import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TrainyardError } from '../../src/errors.js'
import { type ExpectedColumn, mapColumn } from '../../src/planning/column-mapping.js'
import { planJob } from '../../src/planning/plan.js'
import type { TableColumn, TableManifest } from '../../src/spec/dataset.js'

const records = 40

const category = (name: string, ...categories: string[]): TableColumn => ({
  name,
  type: 'category',
  missing: 0,
  distinct: categories.length,
  categories,
  counts: categories.map(() => 1),
})
const numeric = (
  name: string,
  type: 'number' | 'integer' | 'boolean',
  min: number | null,
  max: number | null,
  { distinct = null, missing = 0 }: { distinct?: number | null; missing?: number } = {},
): TableColumn => ({ name, type, missing, distinct, min, max, mean: min })
const empty = (name: string) => numeric(name, 'number', null, null, { missing: records })
const text = (name: string): TableColumn => ({ name, type: 'text', missing: 0, distinct: null })

const expected = (...categories: string[]): ExpectedColumn => ({
  name: 'x',
  type: 'category',
  categories,
})
const number: ExpectedColumn = { name: 'x', type: 'number', categories: null }
const boolean: ExpectedColumn = { name: 'x', type: 'boolean', categories: null }
const NA = Number.NaN

test('cells of a validation table are read as cells of the training table', () => {
  const cases: [ExpectedColumn, TableColumn, cells: number[], read: number[]][] = [
    [expected('a', 'b'), category('x', 'b', 'c'), [0, 1, -1], [1, NA, NA]],
    [expected('a', 'b'), empty('x'), [NA], [NA]],
    [number, empty('x'), [NA], [NA]],
    [expected('false', 'n/k', 'true'), numeric('x', 'boolean', 0, 1), [0, 1, NA], [0, 2, NA]],
    [expected('FALSE', 'TRUE', '?'), numeric('x', 'boolean', 1, 1), [1], [1]],
    [expected('1', '2', 'A'), numeric('x', 'integer', 1, 3), [1, 2, 3, NA], [0, 1, NA, NA]],
    [expected('01', '02', 'A'), numeric('x', 'integer', 1, 2), [2], [1]],
    [expected('0.1', 'A'), numeric('x', 'number', 0.1, 0.1), [Math.fround(0.1)], [0]],
    [expected('0', '1', '2'), numeric('x', 'boolean', 0, 1), [0, 1], [0, 1]],
    [number, category('x', '1.5', '2'), [0, 1, -1], [1.5, 2, NA]],
    [boolean, category('x', 'False', 'True'), [0, 1], [0, 1]],
    [number, numeric('x', 'boolean', 0, 1), [0, 1], [0, 1]],
  ]
  for (const [column, found, cells, read] of cases) {
    const mapped = mapColumn(column, found, records)
    assert.ok('map' in mapped, JSON.stringify(mapped))
    const { map } = mapped
    assert.deepEqual(map ? cells.map(map) : cells, read, JSON.stringify([column, found]))
  }
})

test('cells that cannot be read as the training table are refused with a remedy', () => {
  const cases: [ExpectedColumn, TableColumn, RegExp][] = [
    [number, category('x', '1', 'n.d.'), /has 'n\.d\.', but is number there/],
    [expected('a'), text('x'), /taken for text.*schema=\{"x":"category"\}/],
    [expected('1', '01'), numeric('x', 'integer', 1, 1), /'1', '01' .* have the same value/],
    [boolean, category('x', 'True', 'perhaps'), /has 'perhaps'/],
  ]
  for (const [column, found, problem] of cases) {
    const mapped = mapColumn(column, found, records)
    assert.match('problem' in mapped ? mapped.problem : '', problem)
  }
})

const table = (name: string, ...columns: TableColumn[]): TableManifest => ({
  id: name === 'train' ? 'ds-0000000000000001' : 'ds-0000000000000002',
  name,
  createdAt: '2026-01-01T00:00:00.000Z',
  kind: 'table',
  records,
  columns,
  target: 'y',
  sample: [],
  shards: [],
})

const identity = { id: 'job-00000000000000000000000000', createdAt: '2026-01-01T00:00:00.000Z' }

/** Codes of the notes, or the messages of the errors. */
function planWith(training: TableManifest, validation: TableManifest): string[] {
  const request = {
    model: { kind: 'boosting' as const },
    dataset: 'train',
    training: { validation: { dataset: 'test' } },
  }
  try {
    const { notes = [] } = planJob(identity, request, training, validation)
    return notes.map(({ code }) => code)
  } catch (error) {
    assert.ok(error instanceof TrainyardError)
    return error.errors.map(({ message }) => message)
  }
}

test('a validation table whose values infer to other types is accepted, and the plan says so', () => {
  const training = table(
    'train',
    category('state', 'true', 'false', 'unknown'),
    category('zone', 'A', 'B', '1'),
    numeric('y', 'number', 0, 9),
  )
  const validation = table(
    'test',
    numeric('state', 'boolean', 0, 1),
    category('zone', 'A', 'C'),
    numeric('y', 'integer', 0, 20, { missing: 3 }),
  )
  assert.deepEqual(planWith(training, validation), [
    'rows_without_target',
    'validation_read_as_training',
    'validation_categories_unknown',
  ])
})

test('a validation target is matched by the names and values of the classes', () => {
  const cases: [training: TableColumn, validation: TableColumn, RegExp | null][] = [
    [category('y', 'cat', 'dog'), category('y', 'dog'), null],
    [category('y', 'cat', 'dog'), category('y', 'cow', 'dog'), /'y' is 'cow' in 'test'/],
    [category('y', 'false', 'true'), numeric('y', 'boolean', 1, 1), null],
    [category('y', '1', '2', 'x'), numeric('y', 'integer', 1, 2), null],
    [category('y', '1', '2', 'x'), numeric('y', 'integer', 1, 3), /'y' is 3, none of the categ/],
    [category('y', 'cat', 'dog'), numeric('y', 'boolean', 0, 0), /'y' is false, none of/],
    [numeric('y', 'integer', 2, 4, { distinct: 2 }), numeric('y', 'integer', 4, 4), null],
    [numeric('y', 'integer', 2, 4, { distinct: 2 }), numeric('y', 'number', 2, 4), null],
    [
      numeric('y', 'integer', 2, 4, { distinct: 2 }),
      numeric('y', 'integer', 3, 4, { distinct: 2 }),
      /'y' is 3, no class,/,
    ],
    [
      numeric('y', 'integer', 2, 4, { distinct: 2 }),
      numeric('y', 'integer', 2, 4, { distinct: 3 }),
      /3 different values, more than the 2 classes/,
    ],
    [numeric('y', 'number', 0, 9), category('y', '1', '2'), null],
    [numeric('y', 'number', 0, 9), category('y', '1', 'x'), /has 'x', but is number there/],
    [numeric('y', 'number', 0, 9), empty('y'), /no value in any row/],
  ]
  const feature = numeric('a', 'number', 0, 1)
  for (const [training, validation, message] of cases) {
    const found = planWith(table('train', feature, training), table('test', feature, validation))
    const errors = found.filter(text => text.includes(' '))
    if (message) assert.match(errors.join('; '), message)
    else assert.deepEqual(errors, [], JSON.stringify([training, validation]))
  }
})
