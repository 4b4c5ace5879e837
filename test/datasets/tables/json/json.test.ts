import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { UploadForm } from '../../../../src/datasets/form.js'
import { needsDataWitnesses } from '../../../../testing/data-witnesses.js'
import { tempFolder } from '../../../../testing/temp-folder.js'
import { convertFiles } from '../convert-files.js'
import { assertDamageIsNamed } from '../damage.js'
import { writeTables } from '../python-tables.js'

const root = await tempFolder({ after })
const read = (content: string | Uint8Array, form: UploadForm = {}) =>
  convertFiles(root, [{ name: 't.json', content }], form)

const records = [
  { id: 1, x: 1.5, city: 'Köln', ok: true, at: { lat: 1, lon: { deg: 2 } } },
  { id: 2, x: null, city: 'a "b"\n\\ 中 \ud83d\ude00', at: { lat: 3.5 }, tags: [1, { a: [] }] },
  { id: 2 ** 53, x: -2e3, ok: false, late: 'new' },
]
const texts = records.map(record => JSON.stringify(record))
texts[2] = texts[2]!.replace('9007199254740992', '9007199254740993')

const writings: Record<string, string> = {
  lines: texts.join('\n'),
  'lines with blank ones': `\ufeff\r\n${texts.join('\r\n\r\n')}\r\n`,
  list: `[${texts.join(',')}]`,
  'list over lines': `[\n  ${texts.join(',\n  ')}\n]\n`,
  'records over lines': texts.map(text => text.replaceAll(',"', ',\n\t"')).join('\n'),
  escaped: texts.join('\n').replaceAll('ö', '\\u00f6'),
}

test('records are rows, whether in lines or in a list, and keys are columns', async () => {
  const ids = new Set<string>()
  for (const [name, content] of Object.entries(writings)) {
    const { table, notes } = await read(content)
    const columns = table.columns.map(column => `${column.name} ${column.type} ${column.missing}`)
    const expected = [
      ...['id number 0', 'x number 1', 'city category 1', 'ok boolean 1', 'at.lat number 1'],
      ...['at.lon.deg integer 2', 'late category 2'],
    ]
    assert.deepEqual(columns, expected, name)
    assert.deepEqual(table.sample[1], [2, null, records[1]!.city, null, 3.5, null, null])
    assert.match(notes, /lists, .* left out: 'tags'/)
    assert.match(notes, /such as a\.b: 'at\.lat', 'at\.lon\.deg'/)
    assert.match(notes, /column 'id' has integers beyond 2\^53/)
    ids.add(table.id)
  }
  assert.equal(ids.size, 1)
})

test('numbers are kept as written in categories, and texts and numbers of one key are texts', async () => {
  const lines = '{"zip":1,"m":1}\n{"zip":1.0,"m":"a"}\n{"zip":12345678901234567890,"m":true}'
  const { table, notes } = await read(lines, { schema: '{"zip":"category"}' })
  const categories = table.columns.map(column => column.type === 'category' && column.categories)
  assert.deepEqual(categories, [
    ['1', '1.0', '12345678901234567890'],
    ['1', 'a', 'true'],
  ])
  assert.match(notes, /are read as texts: 'm'; if they are numbers, send schema=\{"m":"number"\}/)
})

test('what is no record is refused with its line and column', async () => {
  const deep = (count: number) => `{"a":${'{"a":'.repeat(count)}1${'}'.repeat(count)}}`
  const refused: [content: string, message: RegExp][] = [
    ['{"a":1}\n{"a":}', /t\.json: line 2, column 6: expected a value, found "}"/],
    ['{"a":1}\n{"a":1,"b":2,"a":3}', /line 2, column 18: the record has the key "a" twice/],
    ['{"a":{"b":1},"a.b":2}', /line 1, column 20: the record has the key "a\.b" twice/],
    ['{"a":1}\n[1,2]', /line 2, column 1: record 2 begins with "\[1,2\]", expected an object/],
    ['[{"a":1}', /line 1, column 9: the list of records is not closed/],
    ['[{"a":1}]x', /line 1, column 10: something follows the list/],
    ['[{"a":1}{"a":2}]', /expected "," or "]" after a record/],
    ['{"a":1}\n{"a":"x', /line 2, column 8: the file ends within a record/],
    ['{"a":01}', /a number begins with 0/],
    ['{"a":-Infinity}', /a number is infinite/],
    ['{"a":"\\x"}', /an escape within a text/],
    ['{"a":"b\nc"}', /a line end or control character within a text/],
    ['{"a":[1]}', /no key has numbers, booleans or texts: 'a'/],
    [deep(40), /objects are nested more than 32 deep/],
    [`{"a":${'['.repeat(50_000)}`, /lists are nested more than 32 deep/],
    [`{"${'k'.repeat(2000)}":1}`, /a key has more than 1000 bytes/],
    ['{"":1}', /the column has no name/],
    ['{"a":1e400}', /row 1, column 1: "a" is "inf", expected a number/],
    ['[\n[1, 2],\n[3, 4]\n]\n', /the file is JSON: give records such as/],
  ]
  for (const [content, message] of refused) {
    await assert.rejects(read(content), (error: Error) => {
      assert.match(error.message, message, content.slice(0, 80))
      return true
    })
  }
  const latin1 = Buffer.from('{"a":1}\n{"a":"K\xf6ln"}', 'latin1')
  await assert.rejects(read(latin1), /line 2, column 1: the record is not UTF-8/)
  const long = convertFiles(
    root,
    [{ name: 't', content: `{"a":"${'x'.repeat(5000)}"}` }],
    {},
    {
      rowBytes: 4096,
    },
  )
  await assert.rejects(long, /line 1: the record has more than 4096 bytes/)
  const wide = convertFiles(
    root,
    [{ name: 't', content: '{"a":1,"b":2,"c":3}' }],
    {},
    { columns: 2 },
  )
  await assert.rejects(wide, /the records have more than 2 keys/)
})

test('a record at the end of a window is read once', async () => {
  const count = 30_000
  const lines = Array.from({ length: count }, (_, n) =>
    JSON.stringify({ n, text: `t${n % 50}-${'x'.repeat(n % 90)}`.slice(0, 12), odd: n % 2 === 1 }),
  )
  const content = lines.join('\n')
  assert.ok(content.length > 2 ** 20)
  const { table, reader } = await read(content)
  assert.equal(table.records, count)
  assert.deepEqual(
    [...reader.column('n')],
    Array.from({ length: count }, (_, n) => n),
  )
  const [, text] = table.columns
  const names = reader.column('text')
  for (let n = 0; n < count; n += 997) {
    const name = text?.type === 'category' ? text.categories[names[n]!] : null
    assert.equal(name, JSON.parse(lines[n]!).text)
  }
})

test('records that pandas wrote are what pandas had', needsDataWitnesses, async () => {
  const expected = await writeTables(
    root,
    `
table = table.select(["i8", "i32", "round", "flag", "text", "coded"])
frame = table.to_pandas()
frame.to_json(f"{folder}/lines.jsonl", orient="records", lines=True)
frame.to_json(f"{folder}/list.json", orient="records")
`,
  )
  for (const name of ['lines.jsonl', 'list.json']) {
    const { table, reader } = await convertFiles(root, [join(root, name)])
    for (const column of table.columns) {
      const values = [...reader.exactColumn(column.name)].map(value => {
        if (column.type === 'category') return column.categories[value] ?? null
        return Number.isNaN(value) ? null : value
      })
      const wanted = expected[column.name]!.map(value =>
        typeof value === 'number' ? Math.fround(value) : value,
      )
      assert.deepEqual(values, wanted, `${name} ${column.name}`)
    }
  }
})

test('damage anywhere in JSON is named, or read as other values', async () => {
  await assertDamageIsNamed(Buffer.from(writings['list over lines']!), read)
})
