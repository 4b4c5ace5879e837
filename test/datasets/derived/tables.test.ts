import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { SourceDataset } from '../../../src/datasets/derived/source-dataset.js'
import type { UploadForm } from '../../../src/datasets/form.js'
import { TrainyardError } from '../../../src/errors.js'
import type { TableManifest } from '../../../src/spec/dataset.js'
import type { DatasetStep } from '../../../src/spec/dataset-steps.js'
import { tempFolder } from '../../../testing/temp-folder.js'
import { lines, readTable, rowsOf } from '../tables/read-table.js'
import { deriveHere, readRows, refusals } from './derive-here.js'

const root = await tempFolder({ after })
let uploads = 0

function upload(csv: string, form: UploadForm = {}): SourceDataset<TableManifest> {
  const parent = join(root, `upload-${uploads++}`)
  mkdirSync(parent)
  const { table, folder } = readTable(parent, csv, form)
  return { manifest: { ...table, name: 'stones' }, folder }
}

const kinds = ['basalt', 'chalk', 'gneiss']
const row = (n: number) =>
  [
    n,
    (n * 0.25).toFixed(2),
    n % 10 === 3 ? '' : n * 3,
    kinds[n % 3],
    n % 2 === 0,
    `note ${n}`,
  ].join()
const header = 'id,size,mass,kind,hard,note'
const stones = rowsOf(header, 100, row)
const source = () => upload(stones, { target: 'kind' })
const derived = (...steps: DatasetStep[]) => deriveHere(root, source(), steps)
const withoutNote = (n: number) => row(n).split(',').slice(0, 5).join()

/** The id that an upload of these rows gets, whose columns are of the same types. */
function idOf(rows: string[], form: UploadForm = {}): string {
  const schema =
    '{"kind":"category","id":"integer","size":"number","mass":"integer","hard":"boolean"}'
  return upload(lines(...rows), { schema, target: 'kind', ...form }).manifest.id
}

test('a table that is filtered is that of an upload of these rows', async () => {
  const { manifest, folder, notes } = await derived({
    kind: 'filter',
    where: ['size>=5', 'kind!=chalk', 'hard=true'],
  })
  const expected = Array.from({ length: 100 }, (_, n) => n).filter(
    n => n * 0.25 >= 5 && n % 3 !== 1 && n % 2 === 0,
  )
  assert.equal(manifest.records, expected.length)
  assert.equal(manifest.id, idOf(['id,size,mass,kind,hard', ...expected.map(withoutNote)]))
  assert.deepEqual(
    readRows({ manifest, folder }).map(cells => Number(cells.split(',')[0])),
    expected,
  )
  assert.deepEqual(notes.slice(0, 2), [
    `records_left_out: step 0, filter, leaves out ${100 - expected.length} of 100 rows`,
    "text_columns_not_stored: columns of text are not stored, so the derived table lacks them: 'note'; to keep one, upload it as a category by schema",
  ])
})

test('a split by class has the rows of each class in files of their own', async () => {
  const step = { kind: 'split', shares: { val: 0.2, test: 0.1 } } as const
  const { manifest, folder } = await derived(step)
  assert.deepEqual(
    manifest.splits!.map(({ name, records }) => [name, records]),
    [
      ['train', 70],
      ['val', 20],
      ['test', 10],
    ],
  )
  assert.deepEqual(
    manifest.shards.map(({ split, records }) => [split, records]),
    [
      ['train', 70],
      ['val', 20],
      ['test', 10],
    ],
  )
  const all: string[] = []
  for (const { name, columns } of manifest.splits!) {
    const rows = readRows({ manifest, folder }, name)
    all.push(...rows)
    const ids = rows.map(cells => Number(cells.split(',')[0]))
    assert.deepEqual(
      ids,
      ids.toSorted((a, b) => a - b),
      'in their order',
    )
    const counts = kinds.map(kind => rows.filter(cells => cells.split(',')[3] === kind).length)
    assert.deepEqual(columns.find(column => column.name === 'kind')?.counts, counts)
    const missing = rows.filter(cells => cells.split(',')[2] === '').length
    assert.equal(columns.find(column => column.name === 'mass')?.missing ?? 0, missing)
    assert.ok(
      counts.every(count => Math.abs(count - rows.length / 3) <= 1),
      `${counts}`,
    )
  }
  assert.deepEqual(all.sort(), readRows(source()).sort())
  const again = await derived(step)
  assert.equal(again.manifest.id, manifest.id)
  assert.notEqual((await derived({ ...step, seed: 2 })).manifest.id, manifest.id)
  // a split that is taken out again is that of an upload of its rows
  const part = await deriveHere(root, { manifest, folder }, [{ kind: 'filter', splits: ['val'] }])
  assert.deepEqual(readRows(part), readRows({ manifest, folder }, 'val'))
  assert.ok(!('splits' in part.manifest))
})

test('a split by time has the last rows, one by group whole groups', async () => {
  const byTime = await derived({
    kind: 'split',
    shares: { val: 0.1, test: 0.2 },
    by: 'time',
    column: 'size',
  })
  const idsOf = (name: string) => readRows(byTime, name).map(cells => Number(cells.split(',')[0]))
  const numbers = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, i) => from + i)
  assert.deepEqual(idsOf('train'), numbers(0, 70))
  assert.deepEqual(idsOf('val'), numbers(70, 80))
  assert.deepEqual(idsOf('test'), numbers(80, 100))

  const patients = upload(rowsOf('patient,x', 60, n => `${Math.floor(n / 6)},${n}`))
  const byGroup = await deriveHere(root, patients, [
    { kind: 'split', shares: { test: 0.3 }, by: 'group', column: 'patient' },
  ])
  const groups = (name: string) =>
    new Set(readRows(byGroup, name).map(cells => cells.split(',')[0]))
  assert.equal(groups('test').size, 3)
  assert.equal(new Set([...groups('test'), ...groups('train')]).size, 10)
})

test('columns are selected, dropped, renamed and cast', async () => {
  const selected = await derived({ kind: 'select', columns: ['kind', 'size'] })
  assert.deepEqual(
    selected.manifest.columns.map(({ name }) => name),
    ['kind', 'size'],
  )
  assert.equal(selected.manifest.target, 'kind')
  const dropped = await derived({ kind: 'drop', columns: ['kind', 'note'] })
  assert.equal(dropped.manifest.target, null)
  assert.deepEqual(
    dropped.manifest.columns.map(({ name }) => name),
    ['id', 'size', 'mass', 'hard'],
  )
  const renamed = await derived({ kind: 'rename', columns: { kind: 'rock', size: 'kind' } })
  assert.equal(renamed.manifest.target, 'rock')
  assert.deepEqual(
    renamed.manifest.columns.map(({ name }) => name),
    ['id', 'kind', 'mass', 'rock', 'hard'],
  )
  const cast = await derived(
    { kind: 'cast', columns: { id: 'number', hard: 'category', mass: 'category' } },
    { kind: 'filter', where: ['mass=12'] },
  )
  assert.deepEqual(
    cast.manifest.columns.map(({ type }) => type),
    ['number', 'number', 'category', 'category', 'category'],
  )
  assert.deepEqual(
    cast.manifest.columns.find(({ name }) => name === 'hard'),
    {
      ...{ name: 'hard', type: 'category', missing: 0, distinct: 1 },
      ...{ categories: ['true'], counts: [cast.manifest.records] },
    },
  )
})

test('a join adds the columns of the one row with the key', async () => {
  const rocks = upload(lines('rock,density,origin', 'basalt,3.0,fire', 'gneiss,2.7,pressure'))
  rocks.manifest.id = 'ds-00000000000000aa'
  const step = { kind: 'join', dataset: rocks.manifest.id, on: 'kind', otherOn: 'rock' } as const
  const joined = await deriveHere(root, source(), [step], [rocks])
  const rows = readRows(joined)
  assert.equal(rows.length, 100)
  for (const [n, cells] of rows.entries()) {
    const [, , , kind, , density, origin] = cells.split(',')
    assert.equal(kind, kinds[n % 3])
    const expected = {
      basalt: ['3', 'fire'],
      chalk: ['', ''],
      gneiss: [String(Math.fround(2.7)), 'pressure'],
    }
    assert.deepEqual([density, origin], expected[kind as keyof typeof expected])
  }
  assert.match(joined.notes.join('\n'), /join_keys_absent: 33 of 100 rows have a key in 'kind'/)
  // by numbers, and some columns only; then a condition on a column of the other table
  const sizes = upload(rowsOf('number,name,extra', 50, n => `${n},${n % 2 ? 'odd' : 'even'},1`))
  sizes.manifest.id = 'ds-00000000000000bb'
  const filtered = await deriveHere(
    root,
    source(),
    [
      { kind: 'join', dataset: sizes.manifest.id, on: 'id', otherOn: 'number', columns: ['name'] },
      { kind: 'filter', where: ['name=odd'] },
    ],
    [sizes],
  )
  assert.equal(filtered.manifest.records, 25)
  assert.ok(!filtered.manifest.columns.some(({ name }) => name === 'extra'))

  const twice = upload(lines('rock,density', 'basalt,3.0', 'gneiss,2.7', 'basalt,3.1'))
  twice.manifest.id = rocks.manifest.id
  assert.deepEqual(await refusals(root, source(), [step], [twice]), [
    `/steps/0/dataset duplicate: the key "basalt" is in the rows 1 and 3 of 'stones': each key may have one row there`,
  ])
  const clash = upload(lines('rock,size', 'basalt,3.0', 'gneiss,2.7'))
  clash.manifest.id = rocks.manifest.id
  assert.match(
    (await refusals(root, source(), [step], [clash])).join(),
    /two columns would be called 'size'/,
  )
})

test('equal rows are dropped, and samples are drawn', async () => {
  const table = upload(lines('a,b', '1,x', '2,y', '1,x', '1,y', ',y', ',y'))
  const unique = await deriveHere(root, table, [{ kind: 'dropDuplicates' }])
  assert.deepEqual(readRows(unique), ['1,x', '2,y', '1,y', ',y'])
  const sampled = await derived({ kind: 'sample', share: 0.3, by: 'class' })
  const kind = sampled.manifest.columns.find(({ name }) => name === 'kind')
  assert.deepEqual(kind && 'counts' in kind ? kind.counts : [], [10, 10, 10])
  const byHardness = await derived({ kind: 'sample', records: 10, by: 'class', column: 'hard' })
  const hard = readRows(byHardness).filter(cells => cells.endsWith(',1')).length
  assert.equal(hard, 5)
})

test('what a step cannot do is refused with its place', async () => {
  const refused = (...steps: DatasetStep[]) => refusals(root, source(), steps)
  assert.deepEqual(
    await refused({ kind: 'drop', columns: ['id'] }, { kind: 'select', columns: ['id'] }),
    [
      `/steps/1/columns/0 unknown_column: there is no column "id", but 'size', 'mass', 'kind', 'hard'`,
    ],
  )
  assert.match(
    (await refused({ kind: 'select', columns: ['note'] })).join(),
    /wrong_type: 'note' is a column of text, whose values are not stored/,
  )
  assert.match((await refused({ kind: 'relabel', classes: { a: 'b' } })).join(), /wrong_kind/)
  assert.match((await refused({ kind: 'filter', where: ['size>big'] })).join(), /expected a number/)
  assert.match(
    (await refused({ kind: 'filter', where: ['size>1000'] })).join(),
    /leaves none of 100 rows/,
  )
  assert.match(
    (await refused({ kind: 'rename', columns: { id: 'size' } })).join(),
    /two columns would be called 'size'/,
  )
  const split = { kind: 'split', shares: { test: 0.2 } } as const
  assert.match((await refused({ ...split, by: 'group' })).join(), /\/column required/)
  assert.match((await refused({ ...split, by: 'random', column: 'id' })).join(), /contradiction/)
  await assert.rejects(
    deriveHere(root, source(), [{ kind: 'cast', columns: { kind: 'number' } }]),
    (error: unknown) =>
      error instanceof TrainyardError &&
      error.code === 'DATASET_VALUE' &&
      /"kind" is "basalt", expected a number/.test(error.message),
  )
})
