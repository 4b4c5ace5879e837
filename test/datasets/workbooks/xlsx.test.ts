import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { UploadForm } from '../../../src/datasets/form.js'
import type { DatasetLimits } from '../../../src/datasets/limits.js'
import { dateOfSerial, isDateFormat } from '../../../src/datasets/workbooks/number-formats.js'
import { needsDataWitnesses, runPython } from '../../../testing/data-witnesses.js'
import { tempFolder } from '../../../testing/temp-folder.js'
import { convertFiles } from '../tables/convert-files.js'
import { assertDamageIsNamed } from '../tables/damage.js'
import { rowsOf, type WorkbookParts, workbookFile } from './workbook-file.js'

const root = await tempFolder({ after })
const convert = (
  content: Uint8Array | string,
  form: UploadForm = {},
  limits: Partial<DatasetLimits> = {},
  name = 't.xlsx',
) => convertFiles(root, [{ name, content }], form, limits)
const read = (parts: WorkbookParts, form: UploadForm = {}, limits: Partial<DatasetLimits> = {}) =>
  convert(workbookFile(parts), form, limits)
const csv = (content: string) => convert(content, {}, {}, 't.csv')

test(
  'what pandas writes to Excel and to CSV is the same data set',
  needsDataWitnesses,
  async () => {
    const program = `
import sys, datetime, numpy as np, pandas as pd
rng = np.random.default_rng(3)
rows = 500
when = [datetime.datetime(2020, 2, 27 + i % 3, i % 24, 30, i % 60, 250000 * (i % 4)) for i in range(rows)]
frame = pd.DataFrame({
    "whole": rng.integers(-10**9, 10**9, rows),
    # openpyxl writes 16 digits
    "real": [float(f"{x:.14g}") for x in rng.normal(size=rows) * 10.0 ** rng.integers(-30, 30, rows)],
    "gaps": [None if i % 7 == 0 else i / 8 for i in range(rows)],
    "flag": [i % 3 == 0 for i in range(rows)],
    "city": [["Köln", "a, b", 'say "x"', "中 🚂", "two\\nlines"][i % 5] for i in range(rows)],
    "day": [datetime.date(1901 + i % 150, 1 + i % 12, 1 + i % 28) for i in range(rows)],
    "when": when,
})
frame.to_excel(sys.argv[1] + "/t.xlsx", index=False, sheet_name="Zahlen 1")
frame["flag"] = frame["flag"].map({True: "true", False: "false"})
frame["when"] = [w.isoformat(timespec="milliseconds" if w.microsecond else "seconds") for w in when]
frame.to_csv(sys.argv[1] + "/t.csv", index=False)
`
    await runPython(program, root)
    const book = await convertFiles(root, [join(root, 't.xlsx')])
    const text = await convertFiles(root, [join(root, 't.csv')])
    assert.deepEqual(book.table.columns, text.table.columns)
    assert.deepEqual(book.table.sample, text.table.sample)
    assert.equal(book.table.id, text.table.id)
    assert.deepEqual(
      book.codes.filter(code => !text.codes.includes(code)),
      ['dates_written_out'],
    )
  },
)

const styles =
  '<numFmts count="1"><numFmt numFmtId="164" formatCode="dd\\.mm\\.yyyy"/></numFmts>' +
  '<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>' +
  '<cellXfs><xf numFmtId="0"/><xf numFmtId="164"/><xf numFmtId="22"/><xf numFmtId="46"/></cellXfs>'
const texts =
  '<si><t>city</t></si><si><r><t>Kö</t></r><r><t xml:space="preserve">ln </t></r><rPh><t>ko</t></rPh></si><si><t>_x0041_&lt;b&gt;</t></si>'

test('each kind of cell is read, wherever it stands', async () => {
  const sheet = `<cols><col min="1" max="2" hidden="1"/><col min="3" max="3"/><col min="6" max="16384" hidden="true"/></cols><sheetData>
    <row r="3"><c r="B3" t="s"><v>0</v></c><c r="C3" t="inlineStr"><is><t>x</t></is></c><c r="D3" t="str"><f>1</f><v>ok</v></c><c r="E3" t="str"><v>day</v></c><c r="F3" t="str"><v>time</v></c></row>
    <row r="5" hidden="1"><c r="B5" t="s"><v>1</v></c><c r="C5"><v>1.0000000000000001E-2</v></c><c r="D5" t="b"><v>1</v></c><c r="E5" s="1"><v>43890</v></c><c r="F5" s="3"><v>1.5</v></c></row>
    <row><c r="B6" t="s"><v>2</v></c><c r="C6" t="e"><v>#N/A</v></c><c t="b"><v>0</v></c><c s="2"><v>43890.5</v></c></row>
    <row r="9"><c r="C9"><f>A1+1</f></c><c r="D9" t="b"><v>1</v></c><c r="E9" t="d"><v>2020-02-29</v></c><c r="I9"/></row>
  </sheetData><mergeCells><mergeCell ref="B5:B6"/></mergeCells>`
  const { table, notes, codes } = await read({ sheets: { 'A &amp; B': sheet }, texts, styles })
  const columns = table.columns.map(({ name, type, missing }) => `${name} ${type} ${missing}`)
  assert.deepEqual(columns, [
    'city category 1',
    'x number 2',
    'ok boolean 0',
    'day category 0',
    'time number 2',
  ])
  assert.deepEqual(table.sample, [
    ['Köln ', 0.01, true, '2020-02-29', 1.5],
    ['A<b>', null, false, '2020-02-29T12:00:00', null],
    [null, null, true, '2020-02-29', null],
  ])
  for (const code of [
    'cells_without_value',
    'dates_written_out',
    'merged_cells',
    'hidden_cells_read',
  ]) {
    assert.ok(
      codes.some(one => one === code),
      `${code}: ${notes}`,
    )
  }
  assert.match(notes, /1 cells with an error such as #N\/A and 1 formulas/)
  assert.match(notes, /1 hidden rows and 2 hidden columns of sheet 'A & B'/)
  const plain = rowsOf(['x', 'y'], [1, 2], [3, 4])
  const prefixed = workbookFile({ sheets: { a: plain.replace(/<(\/?)/g, '<$1x:') } })
  assert.equal((await convert(prefixed)).table.id, (await csv('x,y\n1,2\n3,4\n')).table.id)
})

test('numbers stay what they are, whatever the decimal sign of the texts beside them', async () => {
  const sheet = rowsOf(['n', 'text'], [1.234, '1.234,5'], [-2.5e-7, '7'], [1234567, '0,25'])
  const { table } = await read({ sheets: { a: sheet } }, { decimal: ',', thousands: '.' })
  assert.deepEqual(table.sample, [
    [1.234, 1234.5],
    [-2.5e-7, 7],
    [1_234_567, 0.25],
  ])
})

test('texts are decoded wherever they are written', async () => {
  const sheet = `<sheetData>
    <row><c t="str"><v>x</v></c><c t="str"><v><![CDATA[a<b]]></v></c></row>
    <row><c><v><![CDATA[7]]></v></c><c t="str"><f>A1</f><v>_x0041_</v></c></row>
    <row><c><v>8</v></c><c t="inlineStr"><is><t>B<![CDATA[&]]>C</t></is></c></row>
  </sheetData>`
  const { table } = await read({ sheets: { a: sheet } })
  assert.deepEqual(
    table.columns.map(({ name }) => name),
    ['x', 'a<b'],
  )
  assert.deepEqual(table.sample, [
    [7, 'A'],
    [8, 'B&C'],
  ])
})

test('cells find thousands of texts by their index', async () => {
  const names = Array.from({ length: 3000 }, (_, i) => `city ${i}`)
  const cell = (index: number | string) => `<row><c t="s"><v>${index}</v></c></row>`
  const sheetOf = (indices: (number | string)[]) =>
    `<sheetData><row><c t="str"><v>x</v></c></row>${indices.map(cell).join('')}</sheetData>`
  const texts = names.map(name => `<si><t>${name}</t></si>`).join('')
  const used = [0, 2999, 1023, 1024, 1, 2048]
  const { table } = await read({ sheets: { a: sheetOf(used) }, texts })
  assert.deepEqual(
    table.sample,
    used.map(index => [names[index]]),
  )
  for (const wrong of [3000, -1, 1.5, 'x']) {
    await assert.rejects(read({ sheets: { a: sheetOf([wrong]) }, texts }), /names a text/)
  }
})

test('dates count from 1900 or 1904, with the day that Excel has too much', () => {
  // values of Excel
  const cases: [number, boolean, string | null][] = [
    [1, false, '1900-01-01'],
    [59, false, '1900-02-28'],
    [60, false, null],
    [61, false, '1900-03-01'],
    [44197, false, '2021-01-01'],
    [44197.25, false, '2021-01-01T06:00:00'],
    [44196.999999999, false, '2021-01-01'],
    [0.75, false, '18:00:00'],
    [0, true, '1904-01-01'],
    [42735, true, '2021-01-01'],
    [2958465, false, '9999-12-31'],
    [2958466, false, null],
    [-1, false, null],
    [Number.NaN, false, null],
  ]
  for (const [serial, is1904, expected] of cases) {
    assert.equal(dateOfSerial(serial, is1904), expected, String(serial))
  }
  for (const code of ['yyyy-mm-dd', 'h:mm AM/PM', '[$-409]d\\-mmm', '[Red]dd/mm', 'mm:ss.0']) {
    assert.ok(isDateFormat(code), code)
  }
  const numbers = [
    'General',
    '0.00',
    '[h]:mm',
    '#,##0 "days"',
    '0.0E+00',
    '[Red]0;[Blue]0',
    '@',
    '\\d0',
  ]
  for (const code of numbers) assert.ok(!isDateFormat(code), code)
})

test('days of a workbook from an old Mac count from 1904', async () => {
  const sheet =
    '<sheetData><row><c t="str"><v>day</v></c><c t="str"><v>n</v></c></row><row><c s="1"><v>42735</v></c><c><v>1</v></c></row></sheetData>'
  const properties = '<workbookPr date1904="1"/>'
  const { table } = await read({ sheets: { a: sheet }, styles, properties })
  assert.deepEqual(table.sample, [['2021-01-01', 1]])
})

test('the first sheet that is shown is read, or the one that is named', async () => {
  const parts = {
    sheets: {
      draft: rowsOf(['a', 'b'], [1, 2]),
      data: rowsOf(['x', 'y'], [3, 4]),
      old: rowsOf(['z', 'w'], [5, 6]),
    },
    hidden: ['draft'],
  }
  const chosen = await read(parts)
  assert.deepEqual(
    chosen.table.columns.map(({ name }) => name),
    ['x', 'y'],
  )
  assert.match(chosen.notes, /sheet 'data' of t\.xlsx is read, .* 'draft', 'old' not/)
  const named = await read(parts, { sheet: 'draft' })
  assert.deepEqual(
    named.table.columns.map(({ name }) => name),
    ['a', 'b'],
  )
  assert.ok(!named.codes.includes('sheet_chosen'))
  await assert.rejects(
    read(parts, { sheet: 'Data' }),
    /no sheet "Data", only 'draft', 'data', 'old'/,
  )
  await assert.rejects(
    read({ ...parts, hidden: Object.keys(parts.sheets) }),
    /all sheets .* are hidden/,
  )
})

test('wrong rows are named by their number in the sheet', async () => {
  const ragged = rowsOf(['x', 'y'], [1, 2], [3, 4, 5])
    .replace('<row r="2"', '<row r="6"')
    .replace('<row r="3"', '<row r="9"')
  await assert.rejects(read({ sheets: { a: ragged } }), /sheet "a" as CSV.* line 9/)
  await assert.rejects(
    convert('x,y\n1,2\n', { sheet: 'a' }, {}, 't.csv'),
    /sheet says nothing about these files/,
  )
  const left =
    '<sheetData><row r="1"><c r="B1" t="str"><v>x</v></c></row><row r="2"><c r="A2"><v>1</v></c></row></sheetData>'
  await assert.rejects(
    read({ sheets: { a: left } }),
    /row 2 has a cell in column A, .* begins in column B/,
  )
  await assert.rejects(
    read({ sheets: { a: rowsOf(['x'], [1]) } }, { delimiter: ';' }),
    /delimiter says nothing about workbooks/,
  )
})

test('hostile and damaged workbooks are refused with what is wrong', async () => {
  const one = rowsOf(['x', 'y'], [1, 2])
  const sheet = (xml: string) => workbookFile({ sheets: { a: xml } })
  const entities = Buffer.from(
    '<!DOCTYPE sst [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><sst><si><t>&b;</t></si></sst>',
  )
  const external = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><sheetData/>'
  const cell = (attributes: string, value = '<v>1</v>') =>
    sheet(
      `<sheetData><row r="1"><c t="str"><v>x</v></c></row><row r="2"><c ${attributes}>${value}</c></row></sheetData>`,
    )
  const cases: [string, Buffer, RegExp][] = [
    ['document type', sheet(external), /document type|no XML/],
    [
      'entities',
      workbookFile({ sheets: { a: one }, texts: entities.toString() }),
      /document type|no XML/,
    ],
    ['deep', sheet('<a>'.repeat(1000)), /nested more than 64 deep/],
    ['not closed', sheet('<sheetData><row>'), /is no XML/],
    [
      'long',
      sheet(`<sheetData><row r="${'1'.repeat(1_500_000)}"/></sheetData>`),
      /more than 1000000 characters|comes after/,
    ],
    [
      'unknown text',
      cell('t="s"', '<v>7</v>'),
      /row 2 names a text '7' that the workbook does not have/,
    ],
    ['far column', cell('r="ZZZZZZZZZZZZ2"'), /beyond column 10000/],
    [
      'order',
      sheet('<sheetData><row><c r="B1"><v>1</v></c><c r="A1"><v>1</v></c></row></sheetData>'),
      /not in the order/,
    ],
    [
      'rows back',
      sheet('<sheetData><row r="2"/><row r="2"/></sheetData>'),
      /row '2' comes after row 2/,
    ],
    [
      'far row',
      sheet('<sheetData><row r="99999999999"/></sheetData>'),
      /row '99999999999' comes after row 0/,
    ],
    ['no cells', sheet('<sheetData/>'), /no cells/],
    ['no sheet', workbookFile({ sheets: {} }), /no sheet with cells/],
  ]
  for (const [name, content, message] of cases) {
    await assert.rejects(convert(content), message, name)
  }
  const bomb = sheet(`<sheetData>${' '.repeat(40_000_000)}</sheetData>`)
  await assert.rejects(convert(bomb), /times|large/)
})

test('damage is named, and never read', async () => {
  const content = workbookFile({
    sheets: { a: rowsOf(['x', 'y'], [1, 2], ['a', 3]) },
    texts,
    styles,
  })
  await assertDamageIsNamed(content, damaged => convert(damaged))
})
