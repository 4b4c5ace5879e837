import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tempFolder } from '../../../testing/temp-folder.js'
import { convertFiles } from '../convert-files.js'
import { refusalOf } from './read-table.js'

/** A table of 300 rows, of which some have too few or too many fields. */
const ragged = (rows: ReadonlyMap<number, string>) =>
  `a,b\n${Array.from({ length: 300 }, (_, row) => `${rows.get(row) ?? `${row},${row / 2}`}\n`).join('')}`

const damaged = ragged(
  new Map([
    [40, '40'],
    [41, '41,1,2'],
    [299, '299,1,'],
  ]),
)

test('all rows with a wrong number of fields are told at once', async t => {
  const root = await tempFolder(t)
  const error = refusalOf(root, damaged)
  assert.equal(error?.code, 'DATASET_ROW')
  assert.deepEqual(
    error?.errors.map(({ path, message }) => `${path} ${message}`),
    [
      't.csv#line=42&column=2 the row has 1 fields, expected 2: "b" is the first that is missing',
      't.csv#line=43&column=3 the row has 3 fields, expected 2: "2" is one too many',
      't.csv#line=301&column=3 the row has 3 fields, expected 2: it ends in a delimiter, unlike other rows',
    ],
  )
  const all = refusalOf(root, `a,b\n${'1,2\n'.repeat(30)}${'1\n'.repeat(500)}`)
  assert.equal(all?.errors.length, 100)
  assert.match(all?.message ?? '', /and 95 more; the rest was not read$/)
})

test('rows with a wrong number of fields are left out if the form says so', async t => {
  const root = await tempFolder(t)
  const files = { 't.csv': Buffer.from(damaged) }
  const { result } = await convertFiles(root, files, { onError: 'skip' })
  assert.equal(result.kind, 'table')
  assert.equal(result.records, 297)
  assert.equal(result.skipped?.records, 3)
  assert.equal(result.skipped.problems[0]?.place, 't.csv#line=42&column=2')
  assert.match(result.notes?.[0]?.message ?? '', /^3 rows were left out, as onError=skip says/)
  const column = result.kind === 'table' ? result.columns[0] : null
  assert.ok(column?.type === 'integer')
  assert.deepEqual([column.min, column.max, column.distinct], [0, 298, 297])

  await assert.rejects(convertFiles(root, files, { onError: 'skip', maxSkipped: '0.005' }), {
    code: 'DATASET_ROW',
    message: /^3 of 300 rows cannot be used, and maxSkipped allows 0\.005 of them: t\.csv: line 42/,
  })
})

test('rows with values of a wrong type are left out if the form says so, in all columns', async t => {
  const root = await tempFolder(t)
  const cells = (row: number) => {
    if (row === 10) return '10,n.d.,true'
    if (row === 20) return '20,1.5,perhaps'
    if (row === 30) return '30,ERR,unknown'
    if (row === 40) return '40,,'
    return `${row},${row / 2},${row % 2 === 0}`
  }
  const csv = `id,x,flag\n${Array.from({ length: 400 }, (_, row) => `${cells(row)}\n`).join('')}`
  const files = { 't.csv': Buffer.from(csv) }
  const form = { schema: '{"flag":"boolean"}' }
  await assert.rejects(convertFiles(root, files, form), { code: 'DATASET_VALUE' })
  const { result } = await convertFiles(root, files, { ...form, onError: 'skip' })
  assert.ok(result.kind === 'table')
  assert.equal(result.records, 397)
  assert.deepEqual(
    result.columns.map(({ name, type, missing }) => `${name} ${type} ${missing}`),
    ['id integer 0', 'x number 1', 'flag boolean 1'],
  )
  assert.deepEqual(
    result.skipped?.problems.map(({ place, reason }) => `${place} ${reason}`),
    [
      't.csv#line=12&column=2 "x" is "n.d.", expected a number within 3.4e38, the reach of float32',
      't.csv#line=22&column=3 "flag" is "perhaps", expected true or false, t or f, yes or no, y or n, 1 or 0',
      't.csv#line=32&column=2 "x" is "ERR", expected a number within 3.4e38, the reach of float32',
    ],
  )
  const id = result.columns[0]
  assert.ok(id?.type === 'integer')
  assert.equal(id.distinct, 397)
})
