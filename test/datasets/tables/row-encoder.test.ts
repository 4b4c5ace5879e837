import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultLimits } from '../../../src/datasets/limits.js'
import type { EncodedColumn } from '../../../src/datasets/tables/cell-encoders.js'
import { openCsvRows } from '../../../src/datasets/tables/csv-rows.js'
import {
  type EncodeOptions,
  RowEncoding,
  type TableRow,
} from '../../../src/datasets/tables/row-encoder.js'
import { openTableReader } from '../../../src/datasets/tables/table-reader.js'
import { TrainyardError } from '../../../src/errors.js'
import type { TableColumn } from '../../../src/spec/dataset.js'
import { freshDatasets } from '../uploads.js'

const encodeRows = (
  columns: readonly EncodedColumn[],
  rows: readonly TableRow[],
  options: EncodeOptions,
) => new RowEncoding(columns, options).encode(rows, options)

const encodeCsv = (
  columns: readonly EncodedColumn[],
  csv: string,
  options: EncodeOptions,
  { rows = 10, maxRows = rows }: { rows?: number; maxRows?: number } = {},
) => {
  let count = 0
  const checkCount = (found: number) => {
    count = found
  }
  const body = openCsvRows('body', Buffer.from(csv), { ...defaultLimits, rows })
  const table = new RowEncoding(columns, options).encodeCsv(body, options, { maxRows, checkCount })
  return { ...table, count }
}

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
const inNeither = 'in the model or its data set; unknownColumn=ignore passes over such columns'

test('rows are encoded as numbers, by column name or by position', () => {
  const rows = [
    { size: 1.5, count: 2, flag: true, 'a/b': 'red' },
    { 'a/b': 7, size: null },
    [null, -1, 0, null],
    {},
  ]
  const expected = [1.5, 2, 1, 1, NA, NA, NA, 0, NA, -1, 0, NA, NA, NA, NA, NA]
  assert.deepEqual([...encodeRows(columns, rows, strict).values], expected)
})

test('rows of a CSV are encoded as the same numbers', () => {
  const csv = 'a/b,size,flag,count\nred,1.5e0,yes,2\n7,NA,,\n'
  const expected = [1.5, 2, 1, 1, NA, NA, NA, 0]
  const { values, count, absent } = encodeCsv(columns, csv, strict)
  assert.deepEqual([[...values], count, absent], [expected, 2, []])
})

test('the rows of a CSV beyond the limit of a model are counted and not encoded', () => {
  const csv = `size,other,a/b\n${'1,x,blue\n'.repeat(9)}`
  const options = { unknownCategory: 'missing', unusedColumns: ['other'] } as const
  const table = encodeCsv(columns, csv, options, { maxRows: 3 })
  assert.equal(table.count, 9)
  assert.equal(table.values.length, 3 * columns.length)
  assert.deepEqual(table.unknownCategories, [{ column: 'a/b', rows: 3, examples: ['blue'] }])
  assert.deepEqual([table.passedOver, table.absent], [['other'], ['count', 'flag']])
  assert.throws(
    () => encodeCsv(columns, 'size,weight,size2\n1,2,3\n1,2,3\n', strict),
    (error: unknown) => {
      assert.ok(error instanceof TrainyardError)
      assert.deepEqual(
        error.errors.map(({ path }) => path),
        ['/0/weight', '/0/size2'],
      )
      return true
    },
  )
})

test('an unknown category is encoded as missing or refused, as the option says', () => {
  const rows = [{ 'a/b': 'blue' }]
  const { values, unknownCategories } = encodeRows(columns, rows, { unknownCategory: 'missing' })
  assert.deepEqual([...values], [NA, NA, NA, NA])
  assert.deepEqual(unknownCategories, [{ column: 'a/b', rows: 1, examples: ['blue'] }])
  assert.throws(
    () => encodeRows(columns, rows, strict),
    /row 0: "a\/b" is "blue", expected one of "7", "red"/,
  )
})

test('a category is found by its text or by its value as a number', () => {
  const found = (categories: string[], value: unknown, text = false) => {
    const column = { name: 'c', type: 'category' as const, categories }
    try {
      const options = { unknownCategory: 'missing' } as const
      const { values, unknownCategories } = text
        ? encodeCsv([column], `c\n${value}\n`, options)
        : encodeRows([column], [{ c: value }], options)
      const [unknown] = unknownCategories
      return unknown ? `unknown: ${unknown.examples}` : (categories[values[0]!] ?? 'missing')
    } catch (error) {
      assert.ok(error instanceof TrainyardError)
      return error.errors[0]!.message
    }
  }
  const floats = ['-2.50', '1.0', '2.0', '1e3']
  const cases: [categories: string[], value: unknown, expected: string, text?: boolean][] = [
    [floats, 1, '1.0'],
    [floats, -2.5, '-2.50'],
    [floats, 1000, '1e3'],
    [floats, '1.0', '1.0'],
    [floats, '  1.0 ', '1.0'],
    [floats, 3, 'unknown: 3'],
    // a text is another category, as in pandas
    [floats, '1', 'unknown: 1'],
    // a cell of a CSV is both
    [floats, '1', '1.0', true],
    [floats, '+2', '2.0', true],
    [floats, 'x', 'unknown: x', true],
    [['1', '1.0'], '1', '1', true],
    [['01', '1.0'], '1', 'unknown: 1', true],
    [['007', '8'], 7, '007'],
    [['1', '1.0'], '1.0', '1.0'],
    [['0', '5'], -0, '0'],
    [['a', 'b c'], ' b c ', 'b c'],
    [[' a', 'a'], ' a', ' a'],
    [['a', 'b'], 'A', 'unknown: A'],
    [['a', 'b'], ' ', 'missing'],
    [['', 'b'], '', ''],
    [['False', 'True', 'perhaps'], true, 'True'],
    [['no', 'yes'], true, 'unknown: true'],
    [['0x10', 'Infinity'], 16, 'unknown: 16'],
    [
      ['1', '1.0'],
      1,
      'row 0: "c" is 1, which may stand for "1" or "1.0": send the category as a text',
    ],
    [
      ['9007199254740993', 'x'],
      9007199254740992,
      'row 0: "c" is 9007199254740992, which may stand for "9007199254740993": send the category as a text',
    ],
    [
      ['true', 'TRUE'],
      true,
      'row 0: "c" is true, which may stand for "true" or "TRUE": send the category as a text',
    ],
  ]
  for (const [categories, value, expected, text] of cases)
    assert.equal(found(categories, value, text), expected, `${categories} ${JSON.stringify(value)}`)
})

test('what the upload declared to be missing is missing in JSON too', () => {
  const cellFormat = { decimal: ',', thousands: null, missing: ['-999', 'n.d.'] } as const
  const options = { ...strict, cellFormat: { ...cellFormat, missing: [...cellFormat.missing] } }
  const rows = [
    { size: -999, count: -999.0, 'a/b': 'n.d.' },
    { size: -99, count: 'n.d.', 'a/b': -999 },
  ]
  const { values, unknownCategories } = encodeRows(columns, rows, options)
  assert.deepEqual([...values], [NA, NA, NA, NA, -99, NA, NA, NA])
  assert.deepEqual(unknownCategories, [])
})

test('unknown categories are counted by column, with examples', () => {
  const rows = Array.from({ length: 10 }, (_, i) => ({ 'a/b': i % 2 === 0 ? `new ${i}` : 'red' }))
  const { unknownCategories } = encodeRows(columns, rows, { unknownCategory: 'missing' })
  const examples = ['new 0', 'new 2', 'new 4', 'new 6', 'new 8']
  assert.deepEqual(unknownCategories, [{ column: 'a/b', rows: 5, examples }])
})

test('other columns of the data set are passed over, and foreign ones are refused once or ignored', () => {
  const rows = [
    { size: 1, id: 'x7', note: ['any'] },
    { size: 2, id: 'x8', weight: 1 },
    { weight: 2 },
  ]
  const unusedColumns = ['id', 'note']
  assert.throws(
    () => encodeRows(columns, rows, { ...strict, unusedColumns }),
    (error: unknown) => {
      assert.ok(error instanceof TrainyardError)
      assert.deepEqual(
        error.errors.map(({ path, code }) => [path, code]),
        [['/1/weight', 'unknown_column']],
      )
      return true
    },
  )
  const ignore = { ...strict, unusedColumns, unknownColumn: 'ignore' } as const
  const { values, passedOver, absent } = encodeRows(columns, rows, ignore)
  assert.deepEqual([values[0], values[4], values[8]], [1, 2, NA])
  assert.deepEqual(passedOver, ['id', 'note', 'weight'])
  assert.deepEqual(absent, ['count', 'flag', 'a/b'])
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
          ['/0/weight', `row 0: there is no column "weight" ${inNeither}`],
          ['/1/count', 'row 1: "count" is 1.5, expected an integer, or null'],
          ['/1/flag', 'row 1: "flag" is "true", expected true or false, or null'],
          ['/1/a~1b', 'row 1: "a/b" is [], expected one of "7", "red"'],
          ['/2', "row 2 has 1 values, expected 4: 'size', 'count', 'flag', 'a/b'"],
          ['/3/__proto__', `row 3: there is no column "__proto__" ${inNeither}`],
          ['/3/constructor', `row 3: there is no column "constructor" ${inNeither}`],
          ['/4/size', 'row 4: "size" is 1e+39, expected a number within 3.4e38, or null'],
        ],
      )
      return true
    },
  )
  assert.throws(
    () => encodeCsv(columns, 'size;count\n1,5;2\n', strict),
    /row 0: "size" is "1,5", expected a number/,
  )
})

test('an error in a CSV body is reported with line and column, and too many rows are refused', () => {
  const parse = (csv: string) => encodeCsv([], csv, { ...strict, unknownColumn: 'ignore' })
  assert.throws(() => parse('a,b\n1\n'), /^TrainyardError: body: line 2, column 2/)
  assert.throws(() => parse('a,b\n1,"x\n'), /is not closed/)
  assert.throws(() => parse(`a\n${'1\n'.repeat(11)}`), /more than 10 rows/)
  const named = { name: '__proto__', type: 'number' } as const
  assert.deepEqual([...encodeCsv([named], '__proto__\n7\n', strict).values], [7])
})

test('encoding the CSV of a table gives the values that the table stores', async t => {
  const { datasets, uploadTable } = await freshDatasets(t)
  const csv = 'n,c,b,d\n1,x,true,0.123456789\n,"NA",false,1e-3\n-3,NA,,?\n'
  const { dataset } = await uploadTable({ csv: Buffer.from(csv) })
  const { values: encoded } = encodeCsv(dataset.columns, csv, strict)
  const reader = openTableReader(await datasets.shardPaths(dataset), dataset)
  for (const [index, { name }] of dataset.columns.entries()) {
    const column = Float32Array.from({ length: 3 }, (_, row) => encoded[row * 4 + index]!)
    assert.deepEqual(reader.column(name), column, name)
  }
})
