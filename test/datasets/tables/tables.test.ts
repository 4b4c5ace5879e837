import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { tableFromIPC } from 'apache-arrow'
import { openTableReader } from '../../../src/datasets/tables/table-reader.js'
import type { TableColumn, TableManifest } from '../../../src/spec/dataset.js'
import { freshDatasets, watchConversions } from '../uploads.js'

const project = join(import.meta.dirname, '../../../..')
const vega = (name: string) => readFile(join(project, 'node_modules/vega-datasets/data', name))

const typesOf = ({ columns }: TableManifest) =>
  Object.fromEntries(columns.map(({ name, type }) => [name, type]))
const columnOf = ({ columns }: TableManifest, name: string): TableColumn =>
  columns.find(column => column.name === name)!

const lines = (...rows: string[]) => Buffer.from(`${rows.join('\n')}\n`)

test('types, statistics and categories are derived from the rows of a CSV', async t => {
  const { datasets, store, uploadTable } = await freshDatasets(t)
  const content = await vega('seattle-weather.csv')
  const { dataset, created } = await uploadTable({ 'w.csv': content }, { target: 'weather' })
  assert.equal(created, true)
  assert.deepEqual(typesOf(dataset), {
    date: 'text',
    precipitation: 'number',
    temp_max: 'number',
    temp_min: 'number',
    wind: 'number',
    weather: 'category',
  })
  assert.equal(dataset.target, 'weather')
  const rows = content.toString().trim().split('\n').slice(1)
  assert.equal(dataset.records, rows.length)
  const cells = rows.map(row => row.trim().split(','))
  const temperatures = cells.map(row => Number(row[2]))
  const column = columnOf(dataset, 'temp_max')
  assert.ok(column.type === 'number')
  assert.equal(column.min, Math.min(...temperatures))
  assert.equal(column.max, Math.max(...temperatures))
  assert.equal(column.distinct, new Set(temperatures).size)
  const mean = temperatures.reduce((sum, value) => sum + value, 0) / temperatures.length
  assert.ok(Math.abs(column.mean! - mean) < 1e-9)
  const weather = columnOf(dataset, 'weather')
  assert.ok(weather.type === 'category')
  assert.deepEqual(weather.categories, ['drizzle', 'fog', 'rain', 'snow', 'sun'])
  assert.deepEqual(
    weather.counts,
    weather.categories.map(name => cells.filter(row => row[5] === name).length),
  )
  const reader = openTableReader(await datasets.shardPaths(dataset), dataset)
  assert.deepEqual(reader.column('temp_max'), Float32Array.from(temperatures))
  const codes = cells.map(row => weather.categories.indexOf(row[5]!))
  assert.deepEqual(reader.column('weather'), Float32Array.from(codes))
  assert.deepEqual(dataset.sample[0], [
    cells[0]![0],
    ...cells[0]!.slice(1, 5).map(Number),
    cells[0]![5],
  ])
  assert.equal(await store.verify(`datasets/${dataset.id}`), true)
})

test('a CSV with quoted commas, empty cells and thousands of distinct texts is accepted', async t => {
  const { uploadTable } = await freshDatasets(t)
  const { dataset } = await uploadTable({ a: await vega('airports.csv') })
  assert.deepEqual(typesOf(dataset), {
    iata: 'text',
    name: 'text',
    city: 'text',
    state: 'category',
    country: 'category',
    latitude: 'number',
    longitude: 'number',
  })
  assert.equal(dataset.records, 3376)
})

test('the stored file is Arrow, and Apache Arrow reads the same cells from it', async t => {
  const { datasets, uploadTable } = await freshDatasets(t)
  const csv = lines(
    'small,exact,large,flag,colour',
    '1.5,0.1,16777217,true,red',
    'NA,0.123456789,1,FALSE,',
    '-2,3e-3,2,,blue',
  )
  const { dataset } = await uploadTable({ csv })
  assert.deepEqual(Object.values(typesOf(dataset)), [
    'number',
    'number',
    'integer',
    'boolean',
    'category',
  ])
  const [file] = await datasets.shardPaths(dataset)
  const table = tableFromIPC(await readFile(file!))
  assert.deepEqual(
    table.schema.fields.map(({ name, type }) => `${name} ${type}`),
    [
      'small Float32',
      'exact Float64',
      'large Float64',
      'flag Float32',
      'colour Dictionary<Int32, Utf8>',
    ],
  )
  assert.deepEqual(
    table.toArray().map(row => Object.values(row!.toJSON())),
    [
      [1.5, 0.1, 16777217, 1, 'red'],
      [null, 0.123456789, 1, 0, null],
      [-2, 0.003, 2, null, 'blue'],
    ],
  )
  const reader = openTableReader([file!], dataset)
  assert.deepEqual([...reader.column('small')], [1.5, Number.NaN, -2])
  assert.deepEqual([...reader.column('flag')], [1, 0, Number.NaN])
  assert.deepEqual([...reader.column('colour')], [1, Number.NaN, 0])
  assert.deepEqual(dataset.sample, [
    [1.5, 0.1, 16777217, true, 'red'],
    [null, 0.123456789, 1, false, null],
    [-2, 0.003, 2, null, 'blue'],
  ])
})

test('tables with the same content are one data set, even if delimiter, quotes, line ends, file name or compression differ', async t => {
  const { uploadTable } = await freshDatasets(t)
  const rows = [
    ['a', 'b', 'c'],
    ['1', 'x', '2.5'],
    ['2', 'y', ''],
  ]
  const text = (delimiter: string, end: string, quote = '') =>
    Buffer.from(
      rows.map(row => row.map(cell => quote + cell + quote).join(delimiter) + end).join(''),
    )
  const first = await uploadTable({ 'a.csv': text(',', '\n') }, { name: 'first' })
  assert.equal(first.created, true)
  const bom = Buffer.concat([Buffer.of(0xef, 0xbb, 0xbf), text(',', '\n')])
  const same = [
    text(';', '\r\n'),
    text('\t', '\n', '"'),
    text('|', '\r'),
    gzipSync(text(' , ', '\n\n')),
    bom,
    text(',', '\n').subarray(0, -1),
  ]
  for (const content of same) {
    const { dataset, created } = await uploadTable({ other: content })
    assert.equal(dataset.id, first.dataset.id, JSON.stringify(content.toString()))
    assert.equal(created, false)
  }
  const split = { one: lines('a,b,c', '1,x,2.5'), two: lines('a,b,c', '2,y,') }
  assert.equal((await uploadTable(split)).dataset.id, first.dataset.id)
  const targeted = await uploadTable({ 'a.csv': text(',', '\n') }, { target: 'b' })
  assert.notEqual(targeted.dataset.id, first.dataset.id)
  const reordered = await uploadTable({ a: lines('a,b,c', '2,y,', '1,x,2.5') })
  assert.notEqual(reordered.dataset.id, first.dataset.id)
})

test('texts keep quotes, delimiters, line ends, blanks and Unicode characters', async t => {
  const { uploadTable } = await freshDatasets(t)
  const values = [
    'plain',
    'with "quotes"',
    '"',
    '""',
    'a,b',
    'line\nend',
    'line\r\nend',
    ' blanks ',
    'tab\t',
    'Zürich',
    '日本語',
    '👩‍🚀',
    'NA',
    '-',
    "it's",
    '\\',
    '\u00a0',
    'é',
    'e\u0301',
  ]
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`
  const csv = ['n,text', ...values.map((value, n) => `${n},${quoted(value)}`)].join('\r\n')
  const { dataset } = await uploadTable({ csv: Buffer.from(csv) })
  const column = columnOf(dataset, 'text')
  assert.ok(column.type === 'category')
  const byCodePoint = [...values].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  assert.deepEqual(column.categories, byCodePoint)
  assert.equal(column.missing, 0)
  assert.deepEqual(
    dataset.sample.map(row => row[1]),
    values.slice(0, 10),
  )
})

test('a word for a missing value means missing if it is not quoted, and in a column of numbers also if it is quoted', async t => {
  const { uploadTable } = await freshDatasets(t)
  const words = [
    '',
    'NA',
    'N/A',
    'n/a',
    '<NA>',
    '#N/A',
    'NaN',
    'nan',
    '-nan',
    'null',
    'NULL',
    'None',
    '?',
    '-',
  ]
  const rows = words.flatMap(word => [`${word},${word},x${word}`, `"${word}","${word}",y`])
  const { dataset } = await uploadTable({ a: lines('number,text,other', '1,word,z', ...rows) })
  const [number, text, other] = dataset.columns as [TableColumn, TableColumn, TableColumn]
  assert.deepEqual([number.type, number.missing], ['integer', 2 * words.length])
  assert.ok(text.type === 'category' && other.type === 'category')
  // The empty text is missing, quoted or not.
  assert.equal(text.missing, words.length + 1)
  assert.deepEqual(text.categories, [...words.slice(1), 'word'].sort())
  assert.equal(other.missing, 0)
})

test('a type in the schema overrides the type that the cells suggest', async t => {
  const { uploadTable } = await freshDatasets(t)
  const csv = lines('zip,flag,id,whole', '01234,1,a,1.0', '94110,no,b,2', ',Y,c,NA')
  const schema = { zip: 'category', flag: 'boolean', id: 'text', whole: 'integer' }
  const asList = Object.entries(schema).map(([name, type]) => ({ name, type }))
  const { dataset } = await uploadTable({ csv }, { schema: JSON.stringify(schema) })
  assert.deepEqual(typesOf(dataset), schema)
  const zip = columnOf(dataset, 'zip')
  assert.deepEqual(zip.type === 'category' && zip.categories, ['01234', '94110'])
  assert.deepEqual(
    dataset.sample.map(row => row[1]),
    [true, false, true],
  )
  const again = await uploadTable({ csv }, { schema: JSON.stringify(asList) })
  assert.equal(again.dataset.id, dataset.id)
})

test('columns without a header get their names from the schema or from their position', async t => {
  const { uploadTable } = await freshDatasets(t)
  const csv = lines('1,a', '2,b')
  const numbered = await uploadTable({ csv }, { header: 'false' })
  assert.deepEqual(typesOf(numbered.dataset), { column_1: 'integer', column_2: 'category' })
  const named = await uploadTable(
    { csv },
    { header: 'false', schema: '{"x":"number","y":"category"}' },
  )
  assert.deepEqual(typesOf(named.dataset), { x: 'number', y: 'category' })
  const years = await uploadTable({ csv: lines('2019,2020', '1,2') }, { header: 'true' })
  assert.deepEqual(typesOf(years.dataset), { 2019: 'integer', 2020: 'integer' })
})

test('a column with too many distinct texts is text, and cannot be read as numbers', async t => {
  const { datasets, uploadTable } = await freshDatasets(t)
  const rows = Array.from({ length: 2500 }, (_, n) => `id-${n},c${n % 1000},d${n % 1001},${n}`)
  const { dataset } = await uploadTable({ a: lines('id,thousand,more,n', ...rows) })
  assert.deepEqual(Object.values(typesOf(dataset)), ['text', 'category', 'text', 'integer'])
  assert.deepEqual(
    dataset.columns.map(({ distinct }) => distinct),
    [null, 1000, null, null],
  )
  const reader = openTableReader(await datasets.shardPaths(dataset), dataset)
  assert.deepEqual(
    reader.column('n'),
    Float32Array.from({ length: 2500 }, (_, n) => n),
  )
  assert.throws(() => reader.column('id'), /no column "id" with values/)
})

test('ranges and row masks select the same rows across files and batches', async t => {
  const { datasets, uploadTable } = await freshDatasets(t)
  // So wide that the table needs several batches and several files.
  const width = 200
  const names = Array.from({ length: width }, (_, column) => `x${column}`)
  const count = 60_000
  const rows = Array.from(
    { length: count },
    (_, row) => `${row % 977},${row}${',0'.repeat(width - 2)}`,
  )
  const { dataset } = await uploadTable({ a: lines(names.join(','), ...rows) })
  assert.ok(dataset.shards.length > 1)
  assert.equal(
    dataset.shards.reduce((sum, { records }) => sum + records, 0),
    count,
  )
  const reader = openTableReader(await datasets.shardPaths(dataset), dataset)
  const joined = (batches: ReturnType<typeof reader.batches>, at: number) => {
    const values: number[] = []
    for (const { columns } of batches) values.push(...columns[at]!)
    return values
  }
  const all = Array.from({ length: count }, (_, row) => row)
  const batches = reader.batches(['x1', 'x0'])
  assert.deepEqual(joined(batches, 0), all)
  assert.deepEqual(
    joined(batches, 1),
    all.map(row => row % 977),
  )
  const edge = dataset.shards[0]!.records
  for (const range of [
    { first: edge - 1, count: 2 },
    { first: 1, count: count - 2 },
    { first: 7, count: 0 },
  ]) {
    const expected = all.slice(range.first, range.first + range.count)
    assert.deepEqual(joined(reader.batches(['x1'], range), 0), expected)
    const mask = Uint8Array.from({ length: range.count }, (_, at) => (at % 3 === 0 ? 1 : 0))
    const selected = expected.filter((_, at) => at % 3 === 0)
    assert.deepEqual(joined(reader.batches(['x1'], range, mask), 0), selected)
    assert.deepEqual([...reader.column('x1', range, mask)], selected)
  }
  assert.throws(() => reader.column('x1', { first: 0, count: count + 1 }), RangeError)
  assert.throws(() => reader.column('x1', { first: 0, count: 2 }, new Uint8Array(3)), RangeError)
})

test('no more conversions run at the same time than the limit allows', async t => {
  const { uploadTable } = await freshDatasets(t, { conversions: 1 })
  const maxRunning = watchConversions(t)
  const tables = Array.from({ length: 4 }, (_, n) => ({ a: lines('a,b', `${n},x`, `${n},y`) }))
  const made = await Promise.all(tables.map(files => uploadTable(files)))
  assert.equal(new Set(made.map(({ dataset }) => dataset.id)).size, 4)
  assert.equal(maxRunning(), 1)
})
