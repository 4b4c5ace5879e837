import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { UploadForm } from '../../../src/datasets/form.js'
import { defaultLimits } from '../../../src/datasets/limits.js'
import { openCsvRows } from '../../../src/datasets/tables/csv-rows.js'
import { RowEncoding } from '../../../src/datasets/tables/row-encoder.js'
import { tempFolder } from '../../../testing/temp-folder.js'
import { lines, readTable, refusal, rowsOf } from './read-table.js'

const root = await tempFolder({ after })
const fixtures = join(import.meta.dirname, '../../../../test/datasets/fixtures')
const fixture = (name: string) => readFileSync(join(fixtures, name))

/** Sixty rows, of which the column `x` has these texts in turn, beside a column of numbers. */
const column = (...texts: string[]) =>
  rowsOf('x;y', 60, n => `${texts[n % texts.length]};${(n * 7) % 60}`)

const NA = Number.NaN

test('numbers in another notation are read if the form says so', () => {
  const cases: [texts: string[], form: UploadForm, values: number[]][] = [
    [['1,5', '-2', ',25', '1e3'], { decimal: ',' }, [1.5, -2, 0.25, 1000]],
    [['1,5', '1,234', '7'], {}, [1.5, 1.234, 7]],
    [['1.234,5', '12', '1.234.567'], { decimal: 'comma', thousands: '.' }, [1234.5, 12, 1234567]],
    [['1,234', '12.5', '-1,234,567.25'], { thousands: 'comma' }, [1234, 12.5, -1234567.25]],
    [['12,34,567', '1'], { thousands: ',' }, [1234567, 1]],
    [
      ['1 234', '1\u00a0234,5', '2\u202f000'],
      { thousands: ' ', decimal: ',' },
      [1234, 1234.5, 2000],
    ],
    [["1'234.5", '1’000'], { thousands: 'apostrophe' }, [1234.5, 1000]],
    [['1_000', '2'], { thousands: '_' }, [1000, 2]],
    [['.', '1.5', '2'], { missing: '["."]' }, [NA, 1.5, 2]],
    [['-999', '-999.0', '3'], { missing: '["-999"]' }, [NA, NA, 3]],
    [['n.d.', '"n.d."', '\\N', '4'], { missing: '["n.d.","\\\\N"]' }, [NA, NA, NA, 4]],
    [['-1,0', '2,5'], { decimal: ',', missing: '["-1"]' }, [NA, 2.5]],
  ]
  for (const [texts, form, values] of cases) {
    const { reader } = readTable(root, column(...texts), form)
    assert.deepEqual([...reader.column('x')].slice(0, values.length), values.map(Math.fround))
  }
})

test('declared words for missing are no categories, and a declared category goes by its text', () => {
  const csv = column('red', '--', 'blue', '-999', '-999.0')
  const { table } = readTable(root, csv, {
    missing: '["--","-999"]',
    schema: '{"x":"category"}',
  })
  const [x] = table.columns
  assert.deepEqual(x?.type === 'category' && x.categories, ['-999.0', 'blue', 'red'])
  assert.equal(x?.missing, 24)
  assert.deepEqual(
    table.sample.slice(0, 5).map(([cell]) => cell),
    ['red', null, 'blue', null, '-999.0'],
  )
  const mixed = readTable(root, csv, { missing: '["--","-999"]' })
  assert.equal(mixed.table.columns[0]?.missing, 36)
  assert.deepEqual([...mixed.reader.column('x')].slice(0, 5), [1, NA, 0, NA, NA])
})

test('wrong options of cells are refused', () => {
  const cases: [UploadForm, RegExp][] = [
    [{ decimal: 'x' }, /decimal is "x", expected one of \. ,/],
    [{ thousands: ';' }, /thousands is ";", expected one of , \. ' blank _/],
    [{ thousands: '.' }, /thousands is "\.", which is the decimal sign: send decimal as well/],
    [{ decimal: ',', thousands: ',' }, /thousands is ",", which is the decimal sign/],
    [{ missing: '.' }, /missing is "\.", expected a JSON array .* such as \["\.","-999"\]/],
    [{ missing: '[1]' }, /missing is "\[1\]", expected a JSON array/],
  ]
  for (const [form, message] of cases) assert.match(refusal(root, 'a,b\n1,2\n', form), message)
})

test('decimal commas are found where they are certain, and a note says so', () => {
  for (const [name, header] of [
    ['units-decimal-comma.csv', 'Temp, °C'],
    ['decimal-comma-target.csv', 'temperature (C)'],
  ] as const) {
    const { table, notes, codes } = readTable(root, fixture(name))
    assert.equal(table.columns.find(found => found.name === header)?.type, 'number')
    assert.ok(codes.includes('decimal_commas_read'))
    assert.match(notes, /read with decimal commas, so that 1,5 is 1\.5: .*decimal=\./)
  }
  const target = readTable(root, fixture('decimal-comma-target.csv'), { target: 'temperature (C)' })
  assert.deepEqual(
    [...target.reader.column('temperature (C)')].slice(0, 2),
    [20.05, 21.15].map(Math.fround),
  )
  const quoted = rowsOf('x,y', 20, n => `"${n},5",${n}`)
  assert.equal(readTable(root, quoted).table.columns[0]?.type, 'number')
  const asText = readTable(root, quoted, { decimal: '.' })
  assert.match(
    asText.notes,
    /'x' is a category: the values are numbers with decimal commas, such as "0,5"/,
  )
  // points elsewhere, or only thousands, are no proof
  const withPoints = rowsOf('x;y', 20, n => `${n},5;${n}.5`)
  assert.match(readTable(root, withPoints).notes, /'x' is a category: .*decimal commas.*decimal=,/)
  const thousands = rowsOf('x;y', 20, n => `${n + 1},234;${n}`)
  assert.match(
    readTable(root, thousands).notes,
    /may be thousands or decimals, .*thousands=, or decimal=,/,
  )
  assert.match(
    refusal(
      root,
      rowsOf('x;y', 30, n => `${n + 1}.234,5;${n}`),
      { target: 'x' },
    ),
    /thousands=\. and decimal=,/,
  )
})

test('a column of numbers that is not read as numbers is named with its values and the remedy', () => {
  const numbers = ['1', '2.5', '3', '4']
  const cases: [texts: string[], note: RegExp][] = [
    [
      [...numbers, '.'],
      /'x' is a category: 48 of 60 values are numbers; the others are "\.": send missing=\["\."\]/,
    ],
    [
      [...numbers, 'n.d.', '\\N'],
      /the others are "n\.d\.", "\\\\N": send missing=\["n\.d\.","\\\\N"\]/,
    ],
    [[...numbers, 'inf'], /others are infinite.*such as "inf"/],
    [['$1,200', '$15.50', '-$3'], /the values are amounts with a currency, such as "\$1,200"/],
    [['5 €', '1.000,50 €'], /amounts with a currency/],
    [['USD 5', 'USD 7'], /amounts with a currency/],
    [['5%', '12.5 %'], /numbers with a per cent sign/],
    [['5 kg', '12.5kg'], /numbers with units/],
    [['20°C', '21.5 °C'], /numbers with units/],
    [['1,234', '12', '1,234,567'], /thousands/],
    [['1 234', '5 678'], /blanks between thousands, .*thousands=blank/],
    [["1'234", "5'678"], /thousands=apostrophe/],
    [['1.234.567', '2.345.678'], /thousands=\. and decimal=,/],
    [['(5)', '7', '(1,000)'], /in brackets/],
    [['−5', '7'], /a minus that is not "-"/],
    [['5-', '7-'], /a minus that is not "-"/],
    [['<0.5', '0.7', '>100'], /limits rather than numbers/],
    [['5*', '7'], /numbers with a mark/],
    [['10-20', '30-40'], /ranges or fractions/],
  ]
  for (const [texts, note] of cases) {
    const { notes, codes } = readTable(root, column(...texts))
    assert.ok(codes.includes('numbers_not_read'), `${texts} ${codes}`)
    assert.match(notes, note)
  }
  assert.match(
    readTable(root, fixture('missing-dot.csv')).notes,
    /'x' is text and no feature: 52 of 60 values are numbers; the others are "\.": send missing=\["\."\]/,
  )
  const few = rowsOf('x;y', 60, n => (n === 7 ? 'n.d.;1' : n === 8 ? '5 %;1' : `${n};1`))
  assert.match(refusal(root, few), /"x" is "n\.d\.", but 58 of 60 .*send missing=\["n\.d\."\]/)
  assert.match(
    refusal(root, column('1', '5 %'), { schema: '{"x":"number"}' }),
    /per cent sign: write/,
  )
  for (const texts of [
    ['12A', '7C', '3B', '9D', '8F'],
    ['red', 'blue'],
    ['true', 'false', 'unsure'],
  ]) {
    assert.ok(!readTable(root, column(...texts)).codes.includes('numbers_not_read'), `${texts}`)
  }
})

test('notes name what a person may not expect of the values', () => {
  const cases: [code: string, csv: string, note: RegExp][] = [
    ['missing_as_value', column('1', '2', '3', '-999'), /"-999" \(15 rows\) as a number far from/],
    ['missing_as_value', column('0.5', '99.5', '9999'), /"9999"/],
    ['missing_as_value', column('red', '\\N', 'blue'), /"\\\\N" \(20 rows\) as a category/],
    [
      'leading_zeros',
      column('01234', '10115'),
      /\(01234 is 1234\): 'x'; .*schema=\{"x":"category"\}/,
    ],
    ['rounded_in_training', column('20180131', '20180132'), /20180131 is read as 20180132/],
    ['rounded_in_training', column('1.00000001', '1.00000002'), /different ones may run together/],
    ['constant_columns', column('7'), /same value in every row.*'x'/],
    ['empty_columns', column('', 'NA'), /no value in any row: 'x'/],
    ['row_numbers', rowsOf('x,y', 20, n => `${n + 1},${n % 3}`), /count the rows.*'x'/],
    ['dates_not_read', column('2021-05-01 00:17', '2021-05-02'), /dates or times.*'x'/],
    ['dates_not_read', column('1.2.2020', '31.12.2020'), /dates or times.*'x'/],
    ['text_columns_left_out', rowsOf('x,y', 60, n => `id-${n}x,${n % 7}`), /no feature: 'x'/],
    ['one_column', 'x\n1\n2\n', /only one column, 'x'/],
  ]
  for (const [code, csv, note] of cases) {
    const { notes, codes } = readTable(root, csv)
    assert.ok(codes.includes(code), `${code}: ${codes}`)
    assert.match(notes, note)
  }
  const texts = rowsOf('x,y', 60, n => `${['1', '2', '-999'][n] ?? `id ${n}`},${n % 7}`)
  assert.deepEqual(readTable(root, texts).codes, ['text_columns_left_out'])
})

test('the lines of an uploaded file are read for a prediction as they were for the upload', () => {
  const cases: [
    csv: string,
    form: UploadForm,
    header: string,
    line: string,
    x: number,
    y: number,
  ][] = [
    [column('1,5', '2'), {}, 'x;y', '1,5;7', 1.5, 7],
    [column('1.234,5', '2'), { decimal: ',', thousands: '.' }, 'y;x', '7;1.234,5', 1234.5, 7],
    [column('1,234', '2'), { thousands: ',' }, 'x;y', '1,234;7', 1234, 7],
    [column('1', '.'), { missing: '["."]' }, 'x;y', '.;7', NA, 7],
    [column('1', '-999'), { missing: '["-999"]' }, 'x;y;', '-999.0;7;', NA, 7],
    [column('1', '2'), {}, 'x;y', '1;2', 1, 2],
  ]
  for (const [csv, form, header, line, x, y] of cases) {
    const { columns, cellFormat } = readTable(root, csv, form).table
    const content = Buffer.from(lines(header, line))
    const rows = openCsvRows('body', content, defaultLimits, ['x', 'y'])
    const options = {
      unknownCategory: 'error',
      ...(cellFormat && { cellFormat }),
    } as const
    assert.deepEqual(
      [
        ...new RowEncoding(columns, options).encodeCsv(rows, options, {
          maxRows: 10,
          checkCount: count => assert.equal(count, 1),
        }).values,
      ],
      [x, y].map(Math.fround),
    )
  }
})

test('an ordinary table has no notes', () => {
  const csv = lines(
    'age,city,score,member,big',
    ...Array.from({ length: 99 }, (_, n) =>
      [(n * 37) % 99, ['Bonn', 'Ulm'][n % 2], (n % 17) / 8, n % 3 === 0, 2 ** 24].join(','),
    ).map((line, n) => (n % 2 ? line : line.replace(/,\d+$/, ',5'))),
  )
  assert.deepEqual(readTable(root, csv).codes, [])
})
