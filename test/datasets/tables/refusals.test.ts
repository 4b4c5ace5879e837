import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { tempFolder } from '../../../testing/temp-folder.js'
import { zipFile } from '../archives/zip-writer.js'
import { freshDatasets } from '../uploads.js'
import { refusalOf } from './read-table.js'

const numbers = Array.from({ length: 40 }, (_, n) => `${n},x`).join('\n')

const cases: readonly [
  name: string,
  csv: string | Buffer,
  code: string,
  message: RegExp,
  form?: object,
][] = [
  [
    'a short row',
    'a,b,c\n1,2,3\n4,5\n',
    'DATASET_ROW',
    /^t\.csv: line 3, column 3: the row has 2 fields, expected 3: "c"/,
  ],
  [
    'a long row',
    'a,b\n1,2\n\n3,4,five\n',
    'DATASET_ROW',
    /^t\.csv: line 4, column 3: .* expected 2: "five" is one too many/,
  ],
  [
    'a short row after a line end in quotes',
    'a,b\n"x\ny",2\n3\n',
    'DATASET_ROW',
    /line 4, column 2/,
  ],
  [
    'an open quote',
    'a,b\n1,"x\n2,y\n',
    'DATASET_ROW',
    /line 2, column 2: the quote before "x\\n2,y\\n" is not closed/,
  ],
  [
    'text after a closing quote',
    'a,b\n1,"x"y\n',
    'DATASET_ROW',
    /line 2, column 2: something follows the closing quote in "\\"x\\"y/,
  ],
  [
    'Latin-1',
    Buffer.from('a,b\n1,x\n2,Zürich\n', 'latin1'),
    'DATASET_ENCODING',
    /line 3, column 2: .* not UTF-8/,
  ],
  [
    'Latin-1 in the header',
    Buffer.from('a,größe\n1,2\n', 'latin1'),
    'DATASET_ENCODING',
    /line 1, column 2: .* not UTF-8/,
  ],
  [
    'a NUL byte',
    'a,b\nlong enough,x\n1,y\0z\n',
    'DATASET_ENCODING',
    /line 3, column 2: "y\\u0000z" holds a NUL byte/,
  ],
  ['a header without rows', 'a,b\n', 'DATASET_EMPTY', /no rows below the header/],
  ['only blank lines', '\n\n\r\n', 'DATASET_EMPTY', /no rows in it/],
  [
    'no header',
    '5.1,3.5,setosa\n4.9,3.0,setosa\n',
    'DATASET_HEADER',
    /line 1: the first row, "5.1, 3.5, setosa", has no names/,
  ],
  [
    'a column without a name',
    'a,,c\n1,2,3\n',
    'DATASET_HEADER',
    /line 1, column 2: the column has no name/,
  ],
  [
    'two columns of the same name',
    'a,b,a\n1,2,3\n',
    'DATASET_HEADER',
    /line 1, column 3: column 1 is called "a" as well/,
  ],
  [
    'one text in a column of numbers',
    `n,t\n${numbers}\noops,x\n`,
    'DATASET_VALUE',
    /line 42, column 1: "n" is "oops", but 40 of 41 values are numbers; .*schema=\{"n":"category"\}/,
  ],
  [
    'an infinite value',
    `n,t\n${numbers}\ninf,x\n`,
    'DATASET_VALUE',
    /line 42, column 1: "n" is "inf"/,
  ],
  [
    'text in a column of numbers by schema',
    'a,b\n1,2\nx,3\ny,4\n',
    'DATASET_VALUE',
    /line 3, column 1: "a" is "x", expected a number .*, and 1 more are wrong/,
    { schema: '{"a":"number"}' },
  ],
  [
    'a fraction in a column of integers by schema',
    'a,b\n1,2\n1.5,3\n',
    'DATASET_VALUE',
    /line 3, column 1: "a" is "1.5", expected an integer/,
    { schema: '{"a":"integer"}' },
  ],
  [
    'text in a column of booleans by schema',
    'a,b\n1,2\nmaybe,3\n',
    'DATASET_VALUE',
    /line 3, column 1: "a" is "maybe", expected true or false/,
    { schema: '{"a":"boolean"}' },
  ],
  [
    'too many categories',
    `a,b\n${numbers}\n`,
    'DATASET_VALUE',
    /^column "a": it has more than 30 values/,
    { schema: '{"a":"category"}' },
  ],
  [
    'only columns of free text',
    ['a', ...Array.from({ length: 50 }, (_, n) => `id${n}`)].join('\n'),
    'DATASET_VALUE',
    /all columns are free text/,
  ],
  [
    'a row that is too long',
    `a,b\n1,"${'x'.repeat(5000)}"\n`,
    'DATASET_TOO_LARGE',
    /line 2: the row from "1,.* more than 4000 bytes/,
  ],
  [
    'an open quote before the rest of the file',
    `a,b\n1,"${'x\n'.repeat(3000)}`,
    'DATASET_TOO_LARGE',
    /line 2: .*is a quote not closed/,
  ],
  [
    'too many columns',
    `${Array.from({ length: 101 }, (_, n) => `c${n}`).join(',')}\n`,
    'DATASET_TOO_LARGE',
    /more than 100 fields/,
  ],
  [
    'too many rows',
    `a,b\n${'1,2\n'.repeat(101)}`,
    'DATASET_TOO_LARGE',
    /line 102: the table has more than 100 rows/,
  ],
  [
    'a target that is not a column',
    'a,b\n1,2\n',
    'DATASET_FORM',
    /^target names column "c", which is none of "a, b"$/,
    { target: 'c' },
  ],
  [
    'a target column of free text',
    'a,b\n1,2\n',
    'DATASET_FORM',
    /^target is "b", a column of free text/,
    { target: 'b', schema: '{"b":"text"}' },
  ],
  [
    'an unknown column in the schema',
    'a,b\n1,2\n',
    'DATASET_FORM',
    /^schema names column "c"/,
    { schema: '{"c":"text"}' },
  ],
  [
    'an unknown type in the schema',
    'a,b\n1,2\n',
    'DATASET_FORM',
    /schema has type "float" for "a", expected one of number/,
    { schema: '{"a":"float"}' },
  ],
  [
    'a schema that is neither an object nor a list of columns',
    'a,b\n1,2\n',
    'DATASET_FORM',
    /schema is "\[1\]", expected JSON/,
    { schema: '[1]' },
  ],
  [
    'a bad delimiter',
    'a,b\n1,2\n',
    'DATASET_FORM',
    /^delimiter is "x", expected one of , ; tab \| whitespace; header is "maybe"/,
    { delimiter: 'x', header: 'maybe' },
  ],
  [
    'form fields for images',
    'a,b\n1,2\n',
    'DATASET_FORM',
    /^labels says nothing about tables.*; height says/,
    { labels: '["x"]', height: '3' },
  ],
  [
    'UTF-16',
    Buffer.from('\ufeffa,b\n1,2\n', 'utf16le'),
    'DATASET_FORMAT',
    /UTF-16 text, expected CSV \(UTF-8\)/,
  ],
]

test('an invalid table is refused with the position of the error and a remedy', async t => {
  const root = await tempFolder(t)
  const limits = { rows: 100, columns: 100, rowBytes: 4000, categories: 30 }
  for (const [name, csv, code, message, form] of cases) {
    const error = refusalOf(root, csv, form, limits)
    assert.equal(error?.code, code, name)
    assert.equal(error.kind, 'invalid')
    assert.match(error.message, message)
    assert.ok(error.errors.length > 0)
  }
})

test('the position of an error is also given as a path', async t => {
  const { assertRejected } = await freshDatasets(t)
  const error = await assertRejected({ 't.csv': Buffer.from('a,b\n1\n') }, 'DATASET_ROW', /line 2/)
  assert.equal(error.errors[0]!.path, 't.csv#line=2&column=2')
})

test('all columns with values of the wrong type are reported at once', async t => {
  const { assertRejected } = await freshDatasets(t)
  const csv = Buffer.from('a,b,c\nx,1,2\n3,y,4\n')
  const error = await assertRejected({ csv }, 'DATASET_VALUE', /"a" is "x".*"b" is "y"/, {
    schema: '{"a":"number","b":"integer"}',
  })
  assert.deepEqual(
    error.errors.map(({ path }) => path),
    ['csv#line=2&column=1', 'csv#line=3&column=2'],
  )
})

test('the files of a table must have the same header and the same format', async t => {
  const { assertRejected } = await freshDatasets(t)
  const one = Buffer.from('a,b\n1,2\n')
  await assertRejected(
    { one, two: Buffer.from('a,c\n1,2\n') },
    'DATASET_HEADER',
    /^two: line 1, column 2: the column is called "c", expected "b"/,
  )
  await assertRejected(
    { one, two: Buffer.from('1,2\n') },
    'DATASET_HEADER',
    /^two: line 1, column 1/,
  )
  const sheet = zipFile([{ name: 'xl/workbook.bin', content: 'x' }])
  await assertRejected({ one, sheet }, 'DATASET_FORMAT', /one is CSV, sheet is Excel$/)
  const idx = Buffer.from('0000080100000001070000', 'hex')
  await assertRejected({ one, idx }, 'DATASET_FORMAT', /one is CSV, idx is IDX/)
})

test('columns can have the names of JavaScript object properties', async t => {
  const { uploadTable } = await freshDatasets(t)
  const csv = Buffer.from('__proto__,constructor,toString\n1,x,true\n2,y,false\n')
  const schema = '{"__proto__":"category","constructor":"category"}'
  const { dataset } = await uploadTable({ csv }, { schema, target: '__proto__' })
  assert.deepEqual(
    dataset.columns.map(({ name, type }) => [name, type]),
    [
      ['__proto__', 'category'],
      ['constructor', 'category'],
      ['toString', 'boolean'],
    ],
  )
  assert.equal(({} as { x?: number }).x, undefined)
})

test('a CSV that inflates too much is refused', async t => {
  const { assertRejected } = await freshDatasets(t, { uploadBytes: 64 * 2 ** 20 })
  const bomb = gzipSync(Buffer.alloc(40 * 2 ** 20, 'a,b\n'))
  await assertRejected({ bomb }, 'DATASET_TOO_LARGE', /inflates more than 100 times/)
})

test('a table is refused if its categories take too much memory', async t => {
  const { assertRejected } = await freshDatasets(t, { categoryBytes: 2 ** 20 })
  const wide = Array.from({ length: 60 }, (_, n) => `c${n}`).join(',')
  const row = (n: number) =>
    Array.from({ length: 60 }, (_, c) => `${n}-${c}-${'x'.repeat(100)}`).join(',')
  const csv = Buffer.from(`${wide}\n${Array.from({ length: 800 }, (_, n) => row(n)).join('\n')}\n`)
  await assertRejected(
    { csv },
    'DATASET_TOO_LARGE',
    /the categories of all columns take more than 1048576 bytes/,
  )
})
