import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultLimits } from '../../../src/datasets/limits.js'
import { encodeRows, parseCsvRows } from '../../../src/datasets/tables/row-encoder.js'
import { openTableReader } from '../../../src/datasets/tables/table-reader.js'
import { TrainyardError } from '../../../src/errors.js'
import type { TableColumn } from '../../../src/spec/dataset.js'
import { freshDatasets } from '../uploads.js'

const statistics = { missing: 0, min: 0, max: 0, mean: 0, distinct: 2 }
const columns: TableColumn[] = [
  { ...statistics, name: 'size', type: 'number' },
  { ...statistics, name: 'count', type: 'integer' },
  { ...statistics, name: 'flag', type: 'boolean' },
  {
    name: 'a/b',
    type: 'category',
    missing: 0,
    distinct: 2,
    categories: ['7', 'red'],
    counts: [1, 1],
  },
]
const NA = Number.NaN
const strict = { unknownCategory: 'error' } as const

test('rows are encoded as numbers, by column name or by position', () => {
  const rows = [
    { size: 1.5, count: 2, flag: true, 'a/b': 'red' },
    { 'a/b': 7, size: null },
    [null, -1, 0, null],
    {},
  ]
  const expected = [1.5, 2, 1, 1, NA, NA, NA, 0, NA, -1, 0, NA, NA, NA, NA, NA]
  assert.deepEqual([...encodeRows(columns, rows, strict)], expected)
})

test('rows of a CSV are encoded as the same numbers', () => {
  const csv = Buffer.from('a/b,size,flag,count\nred,1.5e0,yes,2\n7,NA,,\n')
  const rows = parseCsvRows('body', csv, defaultLimits)
  const expected = [1.5, 2, 1, 1, NA, NA, NA, 0]
  assert.deepEqual([...encodeRows(columns, rows, { ...strict, text: true })], expected)
})

test('an unknown category is encoded as missing or refused, as the option says', () => {
  const rows = [{ 'a/b': 'blue' }]
  assert.deepEqual([...encodeRows(columns, rows, { unknownCategory: 'missing' })], [NA, NA, NA, NA])
  assert.throws(
    () => encodeRows(columns, rows, strict),
    /row 0: "a\/b" is "blue", expected one of "7", "red"/,
  )
})

test('all errors are reported at once, each with its row and column', () => {
  const invalidRows = [
    { size: '1', weight: 3 },
    { count: 1.5, flag: 'true', 'a/b': [] },
    [1],
    JSON.parse('{"__proto__": 1, "constructor": 2}'),
    { size: 1e39 },
  ]
  assert.throws(
    () => encodeRows(columns, invalidRows, strict),
    (error: unknown) => {
      assert.ok(error instanceof TrainyardError)
      assert.equal(error.code, 'INVALID_INSTANCES')
      assert.deepEqual(
        error.errors.map(({ path, message }) => [path, message]),
        [
          ['/0/size', 'row 0: "size" is "1", expected a number within 3.4e38, or null'],
          ['/0/weight', 'row 0: there is no column "weight"'],
          ['/1/count', 'row 1: "count" is 1.5, expected an integer, or null'],
          ['/1/flag', 'row 1: "flag" is "true", expected true or false, or null'],
          ['/1/a~1b', 'row 1: "a/b" is [], expected one of "7", "red"'],
          ['/2', 'row 2 has 1 values, expected 4'],
          ['/3/__proto__', 'row 3: there is no column "__proto__"'],
          ['/3/constructor', 'row 3: there is no column "constructor"'],
          ['/4/size', 'row 4: "size" is 1e+39, expected a number within 3.4e38, or null'],
        ],
      )
      return true
    },
  )
  const text = { ...strict, text: true }
  assert.throws(
    () => encodeRows(columns, [{ size: '1,5' }], text),
    /row 0: "size" is "1,5", expected a number/,
  )
})

test('an error in a CSV body is reported with line and column, and too many rows are refused', () => {
  const parse = (text: string, rows = 10) =>
    parseCsvRows('body', Buffer.from(text), { ...defaultLimits, rows })
  assert.throws(() => parse('a,b\n1\n'), /^TrainyardError: body: line 2, column 2/)
  assert.throws(() => parse('a,b\n1,"x\n'), /is not closed/)
  assert.throws(() => parse(`a\n${'1\n'.repeat(11)}`), /more than 10 rows/)
  assert.equal(Object.getPrototypeOf(parse('__proto__\n1\n')[0]), null)
  assert.deepEqual(Object.entries(parse('__proto__,b\n1,2\n')[0]!), [
    ['__proto__', '1'],
    ['b', '2'],
  ])
})

test('encoding the CSV of a table gives the values that the table stores', async t => {
  const { datasets, uploadTable } = await freshDatasets(t)
  const csv = Buffer.from('n,c,b,d\n1,x,true,0.123456789\n,"NA",false,1e-3\n-3,NA,,?\n')
  const { dataset } = await uploadTable({ csv })
  const encoded = encodeRows(dataset.columns, parseCsvRows('body', csv, defaultLimits), {
    ...strict,
    text: true,
  })
  const reader = openTableReader(await datasets.shardPaths(dataset), dataset)
  for (const [index, { name }] of dataset.columns.entries()) {
    const column = Float32Array.from({ length: 3 }, (_, row) => encoded[row * 4 + index]!)
    assert.deepEqual(reader.column(name), column, name)
  }
})
