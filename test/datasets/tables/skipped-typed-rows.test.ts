import assert from 'node:assert/strict'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { UploadForm } from '../../../src/datasets/form.js'
import { needsDataWitnesses, runPython } from '../../../testing/data-witnesses.js'
import { tempFolder } from '../../../testing/temp-folder.js'
import { rowsOf, workbookFile } from '../workbooks/workbook-file.js'
import { convertFiles, type UploadedFile } from './convert-files.js'

const root = await tempFolder({ after })
const skip = (maxSkipped: number): UploadForm => ({
  onError: 'skip',
  maxSkipped: String(maxSkipped),
})

const skippedIn = ({ table }: Awaited<ReturnType<typeof convertFiles>>) =>
  table.skipped?.problems.map(({ place, reason }) => `${place} ${reason}`)

/** Rows 3 and 70,003 of `bad` have an infinite x; row 4 has a text among numbers, row 5 one among booleans. */
const writeWrongRows = `
import sys, numpy as np, pyarrow as pa, pyarrow.parquet as pq, pyarrow.feather as feather
folder = sys.argv[1]
rows = 80_000
n = np.arange(rows)
x = n / 8
x[2] = np.inf
x[70_002] = -np.inf
size = [str(i % 50) for i in range(rows)]
size[3] = "n.d."
ok = ["yes" if i % 3 else "no" for i in range(rows)]
ok[4] = "perhaps"
bad = pa.table({
    "n": n,
    "x": pa.array(x),
    "city": pa.array(["Ulm" if i % 7 else None for i in range(rows)]).dictionary_encode(),
    "size": pa.array(size),
    "ok": pa.array(ok).dictionary_encode(),
})
good = bad.filter(pa.array(~np.isin(n, [2, 3, 4, 70_002])))
for name, table in {"bad": bad, "good": good}.items():
    pq.write_table(table, f"{folder}/{name}.parquet", row_group_size=30_000)
    feather.write_feather(table, f"{folder}/{name}.feather")
`

test(
  'rows of Parquet and Arrow files with a wrong value are left out if the form says so',
  needsDataWitnesses,
  async () => {
    await runPython(writeWrongRows, root)
    const schema = '{"size":"number","ok":"boolean"}'
    for (const ending of ['parquet', 'feather']) {
      const [bad, good] = ['bad', 'good'].map(name => join(root, `${name}.${ending}`))
      await assert.rejects(convertFiles(root, [bad!], { schema }), { code: 'DATASET_VALUE' })
      const found = await convertFiles(root, [bad!], { schema, ...skip(0.001) })
      assert.deepEqual(skippedIn(found), [
        `bad.${ending}#row=3&column=2 "x" is "inf", expected a number within 3.4e38, the reach of float32`,
        `bad.${ending}#row=4&column=4 "size" is "n.d.", expected a number within 3.4e38, the reach of float32`,
        `bad.${ending}#row=5&column=5 "ok" is "perhaps", expected true or false, t or f, yes or no, y or n, 1 or 0`,
        `bad.${ending}#row=70003&column=2 "x" is "-inf", expected a number within 3.4e38, the reach of float32`,
      ])
      assert.equal(found.table.records, 79_996)
      assert.match(found.notes, /^4 rows were left out, as onError=skip says/m)
      // equal content has an equal id
      assert.equal(found.table.id, (await convertFiles(root, [good!], { schema })).table.id)
      await assert.rejects(convertFiles(root, [bad!], { schema, ...skip(0.00001) }), {
        code: 'DATASET_VALUE',
        message: /^4 of 80000 rows cannot be used, and maxSkipped allows 0\.00001 of them/,
      })
    }
  },
)

test(
  'a file that is cut or damaged is refused, whatever the form says of single rows',
  needsDataWitnesses,
  async () => {
    const folder = join(root, 'damaged')
    mkdirSync(folder)
    await runPython(writeWrongRows, folder)
    for (const name of ['good.parquet', 'good.feather']) {
      const whole = readFileSync(join(folder, name))
      const cut = { name, content: whole.subarray(0, whole.length - 1000) }
      await assert.rejects(convertFiles(root, [cut], skip(1)), { code: /^DATASET_/ }, name)
      const content = Buffer.from(whole)
      content.fill(0xff, 1000, 3000)
      await assert.rejects(convertFiles(root, [{ name, content }], skip(1)), { code: /^DATASET_/ })
    }
  },
)

const records = Array.from({ length: 40 }, (_, n) => `{"n":${n},"x":${n / 4},"who":"w${n % 3}"}`)
const linesWith = (wrong: Readonly<Record<number, string>>): UploadedFile => ({
  name: 't.jsonl',
  content: records.map((record, at) => wrong[at] ?? record).join('\n'),
})
const linesWithout = (...left: number[]): UploadedFile => ({
  name: 't.jsonl',
  content: records.filter((_, at) => !left.includes(at)).join('\n'),
})

test('records of JSON Lines that are broken or have a wrong value are left out if the form says so', async () => {
  const wrong = {
    2: '{"n":2,"x":1e400,"who":"w2"}',
    5: '{"n":5,"extra":true,"x":',
    6: 'null',
    9: '{"n":9,"x":"many","who":"w0"}',
    12: '{"n":12,"n":13}',
  }
  const schema = '{"x":"number"}'
  const found = await convertFiles(root, [linesWith(wrong)], { schema, ...skip(0.2) })
  assert.deepEqual(skippedIn(found), [
    't.jsonl#line=6&column=25 the line ends within the record',
    't.jsonl#line=7&column=1 record 6 begins with "null\\n{\\"n\\":7,\\"x\\":1.75", expected an object such as {"x":1}',
    't.jsonl#line=13&column=13 the record has the key "n" twice',
    't.jsonl#row=3&column=2 "x" is "1e400", expected a number within 3.4e38, the reach of float32',
    't.jsonl#row=10&column=2 "x" is "many", expected a number within 3.4e38, the reach of float32',
  ])
  const good = await convertFiles(root, [linesWithout(2, 5, 6, 9, 12)], { schema })
  assert.equal(found.table.id, good.table.id)
  await assert.rejects(convertFiles(root, [linesWith(wrong)], { schema, ...skip(0.1) }), {
    message: /^(3|5) of 40 rows cannot be used/,
  })
})

test('lines are not passed over where records span lines, in a list, or at the end of a cut file', async () => {
  const spanning = '{"n":\n1}\n{"n":2}\n{"n":}\n{"n":4}\n'
  const later = '{"n":1}\n{"n":}\n{"a":[\n{"n":3}\n],"n":4}\n'
  const list = '[{"n":1},\n{"n":},\n{"n":3}]'
  const cut = '{"n":1}\n{"n":2}\n{"n":'
  for (const content of [spanning, later, list, cut]) {
    const read = convertFiles(root, [{ name: 't.json', content }], skip(1))
    await assert.rejects(read, { code: 'DATASET_FORMAT' }, content)
  }
})

test('rows of workbooks with a wrong value are left out if the form says so', async () => {
  const cells = Array.from({ length: 60 }, (_, n) => [n, n === 7 ? 'n.d.' : n / 2])
  const content = workbookFile({ sheets: { Sheet1: rowsOf(['n', 'x'], ...cells) } })
  const found = await convertFiles(root, [{ name: 't.xlsx', content }], skip(0.05))
  assert.equal(found.table.records, 59)
  assert.deepEqual(skippedIn(found), [
    't.xlsx, sheet "Sheet1" as CSV#line=9&column=2 "x" is "n.d.", expected a number within 3.4e38, the reach of float32',
  ])
})
