import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { needsDataWitnesses } from '../../../../testing/data-witnesses.js'
import { tempFolder } from '../../../../testing/temp-folder.js'
import { assertSameValues } from '../compare-tables.js'
import { convertFiles } from '../convert-files.js'
import { writeTables } from '../python-tables.js'

const root = await tempFolder({ after })

const write = `
codecs = ["none", "snappy", "gzip", "zstd", "lz4", "brotli"]
for codec in codecs:
    pq.write_table(table, f"{folder}/{codec}.parquet", compression=codec, row_group_size=500, data_page_size=2000)
pq.write_table(table, f"{folder}/v2.parquet", data_page_version="2.0", version="2.6", data_page_size=3000)
pq.write_table(table, f"{folder}/plain.parquet", use_dictionary=False, data_page_size=3000, compression="zstd", data_page_version="2.0")
pq.write_table(table, f"{folder}/fallback.parquet", dictionary_pagesize_limit=4000, data_page_size=2000)
numbers = [name for name in table.column_names if name[0] in "iuf" and name[1:].isdigit() and name != "f16" or name in ("round", "nan")]
texts = ["text", "large", "day"]
split = {name: "BYTE_STREAM_SPLIT" for name in numbers}
delta = {name: "DELTA_BINARY_PACKED" for name in numbers if name[0] in "iu"} | {"text": "DELTA_BYTE_ARRAY", "large": "DELTA_LENGTH_BYTE_ARRAY"}
pq.write_table(table, f"{folder}/split.parquet", use_dictionary=False, column_encoding=split, data_page_size=3000)
pq.write_table(table, f"{folder}/delta.parquet", use_dictionary=False, column_encoding=delta, data_page_size=3000)
pq.write_table(nested, f"{folder}/nested.parquet")
frame = pd.DataFrame({"x": [1.5, 2.5, None], "name": ["a", "b", "a"]}, index=["p", "q", "r"])
frame.to_parquet(f"{folder}/frame.parquet")
for part in range(3):
    pq.write_table(table.slice(part * 400, 400), f"{folder}/part-{part}.parquet")
pq.write_table(table.slice(0, 5).rename_columns(["I8"] + table.column_names[1:]), f"{folder}/other.parquet")
pq.write_table(pa.table({"l": [[1]]}), f"{folder}/only-lists.parquet")
`

test('reads every type, encoding and codec that pyarrow writes', needsDataWitnesses, async () => {
  const expected = await writeTables(root, write)
  const path = (name: string) => join(root, `${name}.parquet`)
  const plain = await convertFiles(root, [path('none')])
  assertSameValues(plain, expected)
  const types = plain.table.columns.map(({ name, type }) => `${name} ${type}`)
  assert.deepEqual(types, [
    ...['i8 integer', 'u16 integer', 'i32 integer', 'u32 integer', 'i64 integer'],
    ...['f16 number', 'f32 number', 'f64 number', 'round number', 'nan number', 'few number'],
    ...['flag boolean', 'money number', 'text category', 'large category', 'coded category'],
    ...['day category', 'when category', 'zone category', 'clock category', 'nothing number'],
  ])
  const others = ['snappy', 'gzip', 'zstd', 'lz4', 'brotli', 'v2', 'plain', 'fallback']
  for (const name of [...others, 'split', 'delta']) {
    const { table } = await convertFiles(root, [path(name)])
    assert.equal(table.id, plain.table.id, name)
  }
  const parts = await convertFiles(root, [path('part-0'), path('part-1'), path('part-2')])
  assert.equal(parts.table.id, plain.table.id)
  const nested = await convertFiles(root, [path('nested')])
  assert.equal(nested.table.id, plain.table.id)
  assert.match(nested.notes, /left out: 'list', 'struct'/)
  const frame = await convertFiles(root, [path('frame')])
  assert.match(frame.notes, /index of the data frame is left out: '__index_level_0__'/)
  assert.deepEqual(frame.table.sample, [
    [1.5, 'a'],
    [2.5, 'b'],
    [null, 'a'],
  ])
  await assert.rejects(
    convertFiles(root, [path('part-0'), path('other')]),
    /other.parquet: column 1: the column is "I8" \(integer\), expected "i8" \(integer\)/,
  )
  await assert.rejects(convertFiles(root, [path('only-lists')]), /no column has numbers.*'l'/)
})
