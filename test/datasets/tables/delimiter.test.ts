import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { UploadForm } from '../../../src/datasets/form.js'
import { defaultLimits } from '../../../src/datasets/limits.js'
import { fieldText } from '../../../src/datasets/tables/csv.js'
import { openCsvRows } from '../../../src/datasets/tables/csv-rows.js'
import { tempFolder } from '../../../testing/temp-folder.js'
import { zipFile } from '../archives/zip-writer.js'
import { lines, readTable, refusal, rowsOf } from './read-table.js'

const root = await tempFolder({ after })
const fixtures = join(import.meta.dirname, '../../../../test/datasets/fixtures')
const fixture = (name: string) => readFileSync(join(fixtures, name))

const numbered = (header: string, row: (n: number) => string) => rowsOf(header, 20, row)

test('the delimiter is found by all evidence of the first rows', () => {
  const cases: [csv: string | Buffer, names: string[], form?: UploadForm][] = [
    [fixture('units-decimal-comma.csv'), ['Temp, °C', 'Druck, hPa', 'Feuchte, %']],
    [fixture('sep-line.csv'), ['a', 'b']],
    ['\ufeffsep=;\r\na,x;b\r\n1;2\r\n', ['a,x', 'b']],
    ['"sep=|"\na|b\n1|2\n', ['a', 'b']],
    [numbered('a;b', n => `${n},5;${n},25`), ['a', 'b']],
    [numbered('city, country\tpop', n => `Paris, France\t${n}`), ['city, country', 'pop']],
    [numbered('a,b\tc', n => `${n},2\t${n}`), ['a,b', 'c'], { delimiter: 'tab' }],
    [numbered('id,a;b,c', n => `${n},x;y,${n}`), ['id', 'a;b', 'c']],
    [
      numbered('Name, first;City, country', () => 'Doe, Jane;Paris, France'),
      ['Name, first', 'City, country'],
    ],
    [numbered('date time,value', n => `2020-01-01 00:0${n % 10},${n}`), ['date time', 'value']],
    [numbered('title,genres', n => `Film ${n},Comedy|Drama`), ['title', 'genres']],
    [numbered('a, b, c', n => `${n}, x, ${n}`), ['a', 'b', 'c']],
    [numbered('"a,b";"c"', n => `"${n},1";"x"`), ['a,b', 'c']],
    [
      numbered('<DATE>\t<TIME>\t<OPEN>', n => `20200101\t10:00\t${n}`),
      ['<DATE>', '<TIME>', '<OPEN>'],
    ],
    [fixture('names-with-brackets.csv'), ['[a]<b', 'c', 'y']],
    [numbered('[1],[2]', n => `${n},x`), ['[1]', '[2]'], { header: 'true' }],
  ]
  for (const [csv, names, form] of cases) {
    const { table } = readTable(root, csv, form)
    assert.deepEqual(
      table.columns.map(({ name }) => name),
      names,
    )
  }
})

test('rows are refused if two delimiters fit equally well, with both readings', () => {
  const cases = [
    numbered('a,b;c', () => 'x,y;z'),
    numbered('a,b;c,d', n => `${n},2;${n},4`),
    numbered('Temp,°C;Druck,hPa', n => `${n},5;10${n},2`),
    numbered('a|b;c', () => 'u|v;w'),
  ]
  for (const csv of cases) {
    const message = refusal(root, csv)
    assert.match(message, /^DATASET_FORMAT .* can be split by \w+ \(\d columns: .*\) or \w+ \(/)
    assert.match(message, /field delimiter, such as delimiter=/)
  }
  const { codes, table } = readTable(root, cases[1]!, { delimiter: 'semicolon' })
  assert.equal(table.columns.length, 2)
  assert.ok(codes.includes('decimal_commas_read'))
})

test('a second delimiter that fits less well is named in a note', () => {
  const { notes } = readTable(
    root,
    numbered('id,a;b,c', n => `${n},x;y,${n}`),
  )
  assert.match(notes, /split by comma \(3 columns: 'id', 'a;b', 'c'; .*fit as well: semicolon/)
})

test('fields that blanks separate are read if the form says so, and named otherwise', () => {
  const content = fixture('whitespace-19-rows.txt')
  assert.match(refusal(root, content), /separated by blanks.*delimiter=whitespace/)
  assert.match(
    refusal(
      root,
      numbered('a b c', n => `${n},5 1,${n} 2,2`),
    ),
    /separated by blanks/,
  )
  assert.match(
    refusal(
      root,
      numbered('id text', n => `${n} hello`),
    ),
    /separated by blanks/,
  )
  assert.match(
    refusal(
      root,
      numbered('1,5 2,5 3,5', n => `${n},5 1,5 2,25`),
    ),
    /separated by blanks/,
  )
  const { table, reader } = readTable(root, content, { delimiter: 'whitespace', header: 'false' })
  assert.equal(table.columns.length, 4)
  assert.deepEqual([...reader.column('column_4')].slice(0, 2), [-0.80807, 0].map(Math.fround))
  const spread = '  a \t b  c \r\n 1  "x y"\t3 \r\n\r\n2 \t y   4'
  const read = readTable(root, spread, { delimiter: 'whitespace' })
  assert.deepEqual(read.table.sample, [
    [1, 'x y', 3],
    [2, 'y', 4],
  ])
  // a prediction knows the names, and has no field delimiter
  const parse = (csv: string, known: string[]) => {
    const { names, forEachRow } = openCsvRows('body', Buffer.from(csv), defaultLimits, known)
    const rows: [string, string][][] = []
    forEachRow(row => rows.push(names.map((name, field) => [name, fieldText(row, field)])))
    return rows
  }
  assert.deepEqual(parse(spread, ['c', 'a'])[0], [
    ['a', '1'],
    ['b', 'x y'],
    ['c', '3'],
  ])
  assert.deepEqual(parse('a b,c\n1 2,3\n', ['a b', 'c'])[0], [
    ['a b', '1 2'],
    ['c', '3'],
  ])
  assert.deepEqual(parse('a b\n1 2\n', ['a b'])[0], [['a b', '1 2']])
  const texts = rowsOf('comment', 60, n => `some words ${'and '.repeat(n)}more`)
  assert.match(refusal(root, texts), /free text/)
})

test('other formats of text are named', () => {
  const cases: [csv: string | Buffer, name: RegExp][] = [
    [fixture('page-saved-as.csv'), /an HTML page/],
    ['\n  <html>\n<body>a,b\n', /line 2: the file is an HTML page/],
    ['<?xml version="1.0"?>\n<a>1</a>', /an XML document/],
    ['<records>\n  <record>1</record>\n', /an XML document/],
    ['[\n[1, 2],\n[3, 4]\n]\n', /JSON/],
    ['[[1,2],[3,4]]\n', /JSON/],
    ['version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 1\n', /Git LFS/],
    ['% comment\n@RELATION iris\n@ATTRIBUTE a NUMERIC\n', /ARFF/],
    ['% a\r\n\r\n%\r\n  % b\r\n@relation iris\r\n', /ARFF/],
    ['-- a dump\n--\n\n-- of a table\nINSERT INTO a VALUES (1);\n', /SQL script/],
    ['1 1:0.5 3:2.5\n0 2:1 3:1\n', /LIBSVM/],
    ['%PDF-1.7\nabcdefgh', /PDF/],
    ['CREATE TABLE a (b int);\nINSERT INTO a VALUES (1);\n', /SQL script/],
    ['| a | b |\n|---|---|\n| 1 | 2 |\n', /Markdown/],
  ]
  for (const [csv, name] of cases) {
    const message = refusal(root, csv)
    assert.match(message, /^DATASET_FORMAT /)
    assert.match(message, name)
  }
})

test('a first row with many signs of a comment is read', () => {
  for (const sign of ['% ', '-- ']) {
    const { table } = readTable(root, lines(`${sign.repeat(60)}x,y`, '1,2', '3,4'))
    assert.deepEqual([table.columns.length, table.records], [2, 2])
  }
})

test('a spreadsheet of another kind is named', () => {
  const zip = (...names: string[]) => zipFile(names.map(name => ({ name, content: 'x' })))
  const cases: [Buffer, RegExp][] = [
    [zip('mimetype', 'META-INF/manifest.xml'), /an OpenDocument file/],
    [Buffer.from('d0cf11e0a1b11ae1000000000000', 'hex'), /an old Excel workbook \(\.xls\)/],
  ]
  for (const [content, name] of cases) assert.match(refusal(root, content), name)
})

test('a delimiter at the end of each row makes no column, and a note says so', () => {
  for (const csv of [
    fixture('trailing-delimiter.csv'),
    numbered('a;b', n => `${n};${n};`),
    numbered('a,b,', n => `${n},x,`),
  ]) {
    const { table, codes } = readTable(root, csv)
    assert.deepEqual(
      table.columns.map(({ name }) => name),
      ['a', 'b'],
    )
    assert.equal(codes[0], 'delimiter_at_end')
  }
  const later = rowsOf('a;b;', 60, n => (n < 55 ? `${n};1;` : `${n};1;2`))
  assert.match(refusal(root, later), /line 57.*"2" is one too many/)
  assert.match(refusal(root, 'a,b\n1,2\n3,4,\n5,6\n'), /it ends in a delimiter, unlike other rows/)
  assert.match(
    refusal(root, 'a,b,\n1,2,\n3,4,5\n'),
    /column 3: the column has no name: give it one/,
  )
})

test('a first row that is no header is named with what to do', () => {
  const cases: [csv: string, message: RegExp][] = [
    [
      'Report of 2020\n\na;b;c\n1;2;3\n4;5;6\n',
      /"Report of 2020" is no header: from line 3 on, semi/,
    ],
    ['Title\nSubtitle\na,b\n1,2\n3,4\n', /is no header: from line 3 on, comma splits/],
    ['a,b\nx,1,2\ny,3,4\nz,5,6\n', /2 names, but each row has 3 fields; R writes so/],
    [',a,b\n0,1,2\n1,3,4\n', /column 1: the column has no name; pandas/],
    ['0,5;1,5\n2,5;3,5\n', /has no names but values/],
    ['p,x,p\ne,x,s\n', /column 1 is called "p" as well; .*header=false/],
  ]
  for (const [csv, message] of cases) assert.match(refusal(root, csv), message)
  const mushrooms = lines('p,x,s', 'e,x,y', 'p,b,s', 'e,x,s')
  assert.match(
    readTable(root, mushrooms).notes,
    /first row was taken for names.*'p', 'x', 's'.*header=false/,
  )
})
