import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { type UploadForm, validateForm } from '../../../src/datasets/form.js'
import { InputFile } from '../../../src/datasets/input-file.js'
import { defaultLimits } from '../../../src/datasets/limits.js'
import { ProblemList } from '../../../src/datasets/problem-list.js'
import { convertColumns } from '../../../src/datasets/tables/column-conversion.js'
import { keepsDigits } from '../../../src/datasets/tables/columns/number-facts.js'
import { NumberSet } from '../../../src/datasets/tables/columns/number-set.js'
import { tempFolder } from '../../../testing/temp-folder.js'
import { type MemoryColumn, memorySource } from './memory-source.js'
import { readTable } from './read-table.js'

const root = await tempFolder({ after })
let folders = 0

async function readColumns(columns: MemoryColumn[], form: UploadForm = {}, batchRows = 7) {
  const folder = join(root, `columns-${folders++}`)
  mkdirSync(folder)
  const file = new InputFile('memory', import.meta.filename)
  try {
    const input = {
      files: [file],
      form: validateForm(form).table,
      folder,
      scratch: folder,
      limits: defaultLimits,
      problems: new ProblemList(),
      report() {},
    }
    return await convertColumns(input, memorySource(columns, batchRows))
  } finally {
    file.close()
  }
}

/** The same cells as CSV; texts are quoted, so that words such as NA are none for missing. */
const csvOf = (columns: readonly MemoryColumn[]) =>
  [
    columns.map(({ name }) => name).join(),
    ...columns[0]!.cells.map((_, row) =>
      columns
        .map(({ cells, type }) => {
          const cell = cells[row]!
          return cell === null ? '' : type === 'text' ? `"${cell}"` : String(cell)
        })
        .join(),
    ),
  ].join('\n')

const rows = 100
const every = <Cell>(make: (row: number) => Cell) => Array.from({ length: rows }, (_, n) => make(n))

const columns: MemoryColumn[] = [
  { name: 'count', type: 'integer', cells: every(n => (n % 9 === 4 ? null : n * 37)) },
  { name: 'id', type: 'integer', as: 'int64', cells: every(n => BigInt(2 ** 40 + n)) },
  { name: 'price', type: 'number', cells: every(n => (n % 5 === 0 ? null : n * 0.25 + 0.01)) },
  { name: 'exact', type: 'number', cells: every(n => Math.sqrt(n + 2)) },
  { name: 'whole', type: 'integer', cells: every(n => -1 - n) },
  { name: 'is', type: 'boolean', cells: every(n => (n === 3 ? null : n % 3 === 0)) },
  { name: 'city', type: 'text', cells: every(n => ['Bonn', null, 'Ulm', 'NA', 'Köln'][n % 5]!) },
  {
    name: 'kind',
    type: 'text',
    as: 'dictionary',
    cells: every(n => ['a', 'b', null, 'c'][n % 4]!),
  },
  { name: 'text', type: 'text', cells: every(n => `row ${n}`) },
  { name: 'empty', type: 'number', cells: every(() => null) },
]

test('typed columns are the same data set as their CSV, whatever the batches', async () => {
  const expected = readTable(root, csvOf(columns)).table
  for (const batchRows of [1, 7, 64, 1000]) {
    const table = await readColumns(columns, {}, batchRows)
    const { id, name: _, createdAt: __, notes: ___, ...content } = expected
    const { id: ourId, notes: ____, ...ours } = table
    assert.deepEqual(ours, content)
    assert.equal(ourId, id)
  }
})

test('the schema of the form casts columns, and a note says so', async () => {
  const cast: MemoryColumn[] = [
    { name: 'zip', type: 'integer', cells: [1, 2, null, 1] },
    { name: 'long', type: 'integer', as: 'int64', cells: [2n ** 60n, 2n ** 60n + 1n, 1n, 1n] },
    { name: 'digits', type: 'text', cells: ['1.5', '-2', '', '1e3'] },
    { name: 'flag', type: 'integer', cells: [0, 1, 1, null] },
    { name: 'yes', type: 'boolean', cells: [true, false, null, true] },
  ]
  const schema = JSON.stringify({
    ...{ zip: 'category', long: 'category', digits: 'number', flag: 'boolean', yes: 'category' },
  })
  const { columns, sample, notes } = await readColumns(cast, { schema })
  const categories = columns.map(column => (column.type === 'category' ? column.categories : null))
  assert.deepEqual(categories, [
    ['1', '2'],
    ['1', '1152921504606846976', '1152921504606846977'],
    null,
    null,
    ['false', 'true'],
  ])
  assert.deepEqual(sample, [
    ['1', '1152921504606846976', 1.5, false, 'true'],
    ['2', '1152921504606846977', -2, true, 'false'],
    [null, '1', null, true, null],
    ['1', '1', 1000, null, 'true'],
  ])
  const messages = notes?.map(({ code, message }) => `${code} ${message}`).join('\n') ?? ''
  assert.match(
    messages,
    /column_types_cast .*'zip \(integer → category\)', .*'digits \(text → number\)'/,
  )
  assert.match(messages, /empty_texts_missing .*: 'digits'/)
})

test('notes name integers that are rounded, and texts that are all numbers', async () => {
  const { columns, notes } = await readColumns([
    { name: 'big', type: 'integer', as: 'int64', cells: [2n ** 53n + 1n, 1n, 3n] },
    { name: 'digits', type: 'text', cells: ['007', '12', '7'] },
  ])
  assert.deepEqual(
    columns.map(({ type }) => type),
    ['number', 'category'],
  )
  const messages = notes?.map(({ code, message }) => `${code} ${message}`).join('\n') ?? ''
  assert.match(messages, /integers_rounded column 'big' .*9007199254740992/)
  assert.match(messages, /numbers_as_texts .*'digits'.* send schema=\{"digits":"number"\}/)
})

test('values that a type cannot have are refused with their row', async () => {
  const refused: [MemoryColumn, UploadForm, RegExp][] = [
    [
      { name: 'x', type: 'number', cells: [1, Number.POSITIVE_INFINITY] },
      {},
      /memory: row 2, column 1: "x" is "inf", expected a number.*infinite/s,
    ],
    [
      { name: 'x', type: 'number', cells: [1, 2, 1.5] },
      { schema: '{"x":"integer"}' },
      /row 3, column 1: "x" is "1.5", expected an integer/,
    ],
    [
      { name: 'x', type: 'integer', cells: [0, 1, 2] },
      { schema: '{"x":"boolean"}' },
      /row 3, column 1: "x" is "2", expected true or false/,
    ],
    [
      { name: 'x', type: 'text', cells: ['1', 'one'] },
      { schema: '{"x":"number"}' },
      /row 2, column 1: "x" is "one", expected a number/,
    ],
    [{ name: 'x', type: 'integer', cells: [1] }, { delimiter: ';' }, /delimiter says nothing/],
    [{ name: 'x', type: 'integer', cells: [1] }, { target: 'y' }, /target names column "y"/],
    [{ name: 'x', type: 'integer', cells: [] }, {}, /there are no rows/],
  ]
  for (const [column, form, message] of refused) {
    await assert.rejects(readColumns([column], form, 2), message)
  }
  const missing = { missing: '["inf","-999"]' }
  const cells = [1, Number.POSITIVE_INFINITY, -999, 2]
  const { columns } = await readColumns([{ name: 'x', type: 'number', cells }], missing, 3)
  assert.equal(columns[0]?.missing, 2)
})

test('float32 stores what keeps six digits, and nothing else', () => {
  for (const value of [
    0,
    0.1,
    -1.25,
    123456,
    1234.56,
    1e-9,
    9.99999e30,
    2 ** 24,
    2 ** 60,
    1.5e-30,
  ]) {
    assert.ok(keepsDigits(value), `${value}`)
  }
  for (const value of [0.1234567, 1234567.1, 2 ** 24 + 1, Math.PI, 1e-40, 1 / 3]) {
    assert.ok(!keepsDigits(value), `${value}`)
  }
})

test('a set of numbers knows the distinct ones, up to its limit', () => {
  const set = new NumberSet(100)
  const numbers = Array.from({ length: 1000 }, (_, n) => ((n * 7) % 100) / 4 - 3)
  for (const value of numbers) set.add(value)
  set.add(-0)
  assert.deepEqual([...set.values()!].toSorted(), [...new Set(numbers)].toSorted())
  set.add(1e9)
  assert.equal(set.values(), null)
  const atOnce = new NumberSet(100)
  atOnce.addAll(Float64Array.from([...numbers, -0, 0, 0]))
  assert.deepEqual([...atOnce.values()!].toSorted(), [...new Set(numbers)].toSorted())
  atOnce.addAll(Float64Array.of(1023, 5))
  assert.equal(atOnce.values(), null)
})
